import { restoreDatabase } from "../composition/open-store.ts";
import { systemClock } from "../lib/time/clock.ts";
import { StoreError } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { withDataFolder } from "./offline.ts";
import { formatBytes, formatThings, print } from "./output/print.ts";

/** Puts a backup in the place of the documents, which are kept beside it. */
export async function restore(input: CommandInput): Promise<number> {
  const [source = ""] = input.operands;
  return withDataFolder("restore", input, async ({ dataFolder }) => {
    const { documents, bytes, keptAside } = explained(
      () => restoreDatabase({ source, dataFolder, atMs: systemClock.now() }),
      source,
    );
    const size = `${formatThings(documents, "document")}, ${formatBytes(bytes)}`;
    const kept = keptAside === undefined ? "" : `What was there is kept: ${keptAside}\n`;
    await print(input.stdout, `${dataFolder} is restored from ${source}: ${size}\n${kept}`);
    return exitCodes.done;
  });
}

/** What cannot be read is the source: of the data folder nothing is read. */
function explained<Result>(task: () => Result, source: string): Result {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isUnreadable = error instanceof StoreError && error.kind !== "full";
    if (error.name === "DatabaseMissing") throw new Error(`There is no file ${source}.`, { cause: error });
    if (!isUnreadable && error.name !== "DatabaseIsNewer") throw error;
    const reason = error.message.replace(/\.?$/, ".");
    throw new Error(`${source} cannot be restored: ${reason} Nothing was changed.`, { cause: error });
  }
}
