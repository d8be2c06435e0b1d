import type { KeptApiKeys } from "../../auth/keys/api-keys.ts";
import { type AccessPlace, accessPlaceKeys, openCommandAccess } from "../../composition/access/command-access.ts";
import { loadSettings } from "../../composition/settings/settings.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { describeDataError } from "../output/data-errors.ts";
import { ReaderGone } from "../output/print.ts";

export interface ApiKeyCommand {
  readonly place: AccessPlace;
  /** Writes a line to standard error. `message` is one or more sentences. */
  complain(message: string): void;
}

/** Runs `task` with the API keys of the data folder, or of the cluster, whether a server uses them or not. */
export async function withApiKeys(
  { sources, stderr }: CommandInput,
  task: (keys: KeptApiKeys, command: ApiKeyCommand) => Promise<number>,
): Promise<number> {
  const loaded = loadSettings(sources, accessPlaceKeys);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { values } = loaded.configuration;
  const complain = (message: string) => void stderr.write(`yurt: ${message}\n`);
  try {
    await using access = await openCommandAccess(values);
    return await task(access.apiKeys, { place: access.place, complain });
  } catch (error) {
    if (error instanceof ReaderGone) return exitCodes.done;
    complain(describeDataError(error, values.data) ?? (error instanceof Error ? error.message : String(error)));
    return exitCodes.failed;
  }
}
