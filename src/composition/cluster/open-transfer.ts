import type { ConnectionsOptions } from "../../storage/postgres/connections.ts";
import type { TransferSource, TransferTarget } from "../../storage/transfer/transfer-ends.ts";
import type { ClusterOptions } from "../server-options.ts";

/** Where everything of a server is copied from, and where to. */
export interface TransferPlaces {
  /** `to`: from the data folder into the database. `from`: the other way. */
  readonly direction: "to" | "from";
  readonly cluster: ClusterOptions;
  readonly dataFolder: string;
}

export interface OpenedTransfer extends AsyncDisposable {
  readonly source: TransferSource;
  readonly target: TransferTarget;
}

/**
 * Opens both ends of a transfer. No server can use them until they are disposed of.
 *
 * Rejects with `TransferRefused`, `StoreError`, or as `openStore`; nothing is left open then.
 */
export async function openTransfer({ cluster, dataFolder, direction }: TransferPlaces): Promise<OpenedTransfer> {
  const [postgres, { openFolderSource }, { openFolderTarget }] = await Promise.all([
    import("../../storage/postgres/transfer/database-ends.ts"),
    import("../../storage/sqlite/transfer/folder-source.ts"),
    import("../../storage/sqlite/transfer/folder-target.ts"),
  ]);
  const database = connectionsOf(cluster);
  await using opening = new AsyncDisposableStack();
  const adopt = <End extends TransferSource>(end: End): End => opening.adopt(end, (opened) => opened.close());
  // The source comes first: a target that is not there yet is created.
  const source = adopt(direction === "to" ? openFolderSource(dataFolder) : await postgres.openDatabaseSource(database));
  const target = adopt(direction === "to" ? await postgres.openDatabaseTarget(database) : openFolderTarget(dataFolder));
  const opened = opening.move();
  return { source, target, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

function connectionsOf({ caFile, password, url }: ClusterOptions): ConnectionsOptions {
  return { url: url.href, caFile, ...(password !== undefined && { password: () => password }) };
}
