import { openStore } from "../composition/open-store.ts";
import { loadSettings } from "../composition/settings.ts";
import type { Store } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { describeDataTrouble } from "./output/data-trouble.ts";
import { ReaderGone } from "./output/print.ts";

/** What a command gets that works on the data folder itself. */
export interface Offline {
  /** As it was given. */
  readonly dataFolder: string;
  /** A line on standard error, with the command's name before it. */
  complain(trouble: string): void;
}

/** Runs `task` with the configured data folder, and says on standard error what is in its way. */
export async function withDataFolder(
  name: string,
  { sources, stderr }: CommandInput,
  task: (offline: Offline) => Promise<number>,
): Promise<number> {
  const loaded = loadSettings(sources, ["data"]);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const dataFolder = loaded.configuration.values.data;
  const complain = (trouble: string) => void stderr.write(`yurt ${name}: ${trouble}\n`);
  try {
    return await task({ dataFolder, complain });
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.done;
    complain(describeDataTrouble(error, dataFolder) ?? (error instanceof Error ? error.message : String(error)));
    return exitCodes.failed;
  }
}

/** As `withDataFolder`, with the documents in it; no server can use them meanwhile. */
export async function withStore(
  name: string,
  input: CommandInput,
  task: (store: Store, offline: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(name, input, async (offline) => {
    const opened = openStore(offline);
    try {
      return await task(opened.store, offline);
    } finally {
      await opened.close();
    }
  });
}
