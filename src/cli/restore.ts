import { systemClock } from "../lib/time/clock.ts";
import { restoreDatabase } from "../storage/sqlite/restore.ts";
import { StoreError } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { withDatabaseFile } from "./offline.ts";
import { formatBytes, formatThings, print } from "./output/print.ts";

/** Replaces all documents with a backup. The current database is kept beside it. */
export async function restore(input: CommandInput): Promise<number> {
  const [source = ""] = input.operands;
  return withDatabaseFile(input, async ({ dataFolder }) => {
    const { documents, bytes, keptAside } = explained(
      () => restoreDatabase({ source, dataFolder, atMs: systemClock.now() }),
      source,
    );
    const size = `${formatThings(documents, "document")}, ${formatBytes(bytes)}`;
    const kept = keptAside === undefined ? "" : `The previous database is kept: ${keptAside}\n`;
    await print(input.stdout, `${dataFolder} is restored from ${source}: ${size}\n${kept}`);
    return exitCodes.done;
  });
}

/** Read errors concern the source: nothing of the data folder is read. */
function explained<Result>(task: () => Result, source: string): Result {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isUnreadable = error instanceof StoreError && error.kind !== "full";
    if (error.name === "DatabaseMissing")
      throw new Error(`There is no file ${source}. Choose the path of a backup.`, { cause: error });
    if (!isUnreadable && error.name !== "DatabaseIsNewer") throw error;
    if (error.name === "DatabaseIsNewer") {
      throw new Error(`${source} cannot be restored. ${error.message} Nothing was changed.`, { cause: error });
    }
    const isOther = /file is not a database/.test(error.message);
    const reason = isOther ? "is not a Yurt backup (not an SQLite database)" : `cannot be restored: ${error.message}`;
    throw new Error(`${source} ${reason.replace(/\.$/, "")}. Nothing was changed.`, { cause: error });
  }
}
