import { openStore } from "../composition/open-store.ts";
import type { ServerOptions } from "../composition/server-options.ts";
import { clusterKeys } from "../composition/settings/cluster/cluster-options.ts";
import { clusterOptionsOf } from "../composition/settings/cluster/cluster-settings.ts";
import { historyKeepOf } from "../composition/settings/history/history-options.ts";
import type { Limits } from "../composition/settings/limits.ts";
import { keepsDeletedOf, loadSettings } from "../composition/settings/settings.ts";
import { placeOfDatabase } from "../config/database-url.ts";
import { type Store, StoreError } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { describeDataError } from "./output/data-errors.ts";
import { ReaderGone } from "./output/print.ts";

/** The data folder, or the database, of a command that works on it directly, not through a server. */
export interface Offline extends Pick<ServerOptions, "cluster" | "keepsDeleted" | "historyKeepMs"> {
  /** The path as it was given. */
  readonly dataFolder: string;
  readonly limits: Pick<Limits, "documentBytes" | "nameBytes">;
  /** Writes a line to standard error. `message` is one or more sentences. */
  complain(message: string): void;
}

/** Runs `task` with the configured data folder, and explains on standard error why it failed. */
export async function withDataFolder(
  { sources, stderr }: CommandInput,
  task: (offline: Offline) => Promise<number>,
): Promise<number> {
  const loaded = loadSettings(sources, [
    "data",
    ...clusterKeys,
    "sync.no-gc",
    "history.keep",
    "history.keep-for",
    "limits.document-bytes",
    "limits.name-bytes",
  ]);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const dataFolder = values.data;
  const cluster = clusterOptionsOf(values);
  const complain = (message: string) => void stderr.write(`yurt: ${message}\n`);
  try {
    const limits = { documentBytes: values["limits.document-bytes"], nameBytes: values["limits.name-bytes"] };
    const historyKeepMs = historyKeepOf(values);
    const keepsDeleted = keepsDeletedOf(values);
    return await task({ dataFolder, cluster, limits, keepsDeleted, historyKeepMs, complain });
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.done;
    // An error of a database says all by itself; others are explained as those of the folder.
    const explained =
      cluster !== undefined && error instanceof StoreError ? undefined : describeDataError(error, dataFolder);
    complain(explained ?? (error instanceof Error ? error.message : String(error)));
    return exitCodes.failed;
  }
}

/** Runs `task` as `withDataFolder` does, with the documents. No server can use those of a folder meanwhile. */
export async function withStore(
  input: CommandInput,
  task: (store: Store, offline: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, async (offline) => {
    const opened = await openStore(offline);
    try {
      return await task(opened.store, offline);
    } finally {
      await opened.close();
    }
  });
}

/** Runs `task` as `withDataFolder` does, unless the documents are in a database: its own programs copy that. */
export async function withDatabaseFile(
  input: CommandInput,
  task: (offline: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, async (offline) => {
    if (offline.cluster === undefined) return task(offline);
    const place = placeOfDatabase(offline.cluster.url);
    offline.complain(
      `The documents are in the database ${place} (cluster.url). Back it up with pg_dump, and restore it with pg_restore.`,
    );
    return exitCodes.failed;
  });
}
