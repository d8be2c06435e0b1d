import { type DataFolderState, inspectDataFolder } from "../../composition/diagnosis.ts";
import { localUrlOf } from "../../composition/settings/https/https-settings.ts";
import type { ServerConfiguration, SettingValues } from "../../composition/settings/settings.ts";
import { type ProcessFacts, readProcessFacts } from "../../lib/system/process-facts.ts";
import type { Finding } from "./finding.ts";

/** The facts that several checks need. */
export interface Examination {
  readonly values: SettingValues;
  /** Undefined if the data folder does not exist or cannot be read. */
  readonly dataFolder: DataFolderState | undefined;
  /** Whether a server uses the data folder. */
  readonly isRunning: boolean;
  /** The facts of the server if it runs, else those of this process, which a server would have as well. */
  readonly process: ProcessFacts;
  /** The URL of the server on this machine, without a slash at the end; undefined if its port is not known. */
  readonly localUrl: string | undefined;
}

/** Resolves with one finding or more; none if there is nothing to check with these settings. */
export type Check = (examination: Examination) => Promise<readonly Finding[]>;

export function examine({ values }: ServerConfiguration): Examination {
  const dataFolder = inspect(values.data);
  const pid = dataFolder?.holder?.pid;
  return {
    values,
    dataFolder,
    isRunning: dataFolder?.holder !== undefined,
    process: readProcessFacts(pid ?? "self"),
    localUrl: localUrlOf(values),
  };
}

function inspect(path: string): DataFolderState | undefined {
  try {
    return inspectDataFolder(path);
  } catch {
    return undefined;
  }
}
