import { openStore } from "../composition/open-store.ts";
import type { ServerOptions } from "../composition/server-options.ts";
import { historyKeepOf } from "../composition/settings/history/history-options.ts";
import type { Limits } from "../composition/settings/limits.ts";
import { keepsDeletedOf, loadSettings } from "../composition/settings/settings.ts";
import type { Store } from "../storage/store.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { describeProblems } from "./output/configuration-problems.ts";
import { describeDataError } from "./output/data-errors.ts";
import { ReaderGone } from "./output/print.ts";

/** The data folder of a command that works on it directly, not through a server. */
export interface Offline extends Pick<ServerOptions, "keepsDeleted" | "historyKeepMs"> {
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
  const complain = (message: string) => void stderr.write(`yurt: ${message}\n`);
  try {
    const limits = { documentBytes: values["limits.document-bytes"], nameBytes: values["limits.name-bytes"] };
    const historyKeepMs = historyKeepOf(values);
    return await task({ dataFolder, limits, keepsDeleted: keepsDeletedOf(values), historyKeepMs, complain });
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.done;
    complain(describeDataError(error, dataFolder) ?? (error instanceof Error ? error.message : String(error)));
    return exitCodes.failed;
  }
}

/** Runs `task` as `withDataFolder` does, with the documents of the folder. No server can use them meanwhile. */
export async function withStore(
  input: CommandInput,
  task: (store: Store, offline: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, async (offline) => {
    const opened = openStore(offline);
    try {
      return await task(opened.store, offline);
    } finally {
      await opened.close();
    }
  });
}
