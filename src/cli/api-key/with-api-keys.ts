import { systemClock } from "../../lib/time/clock.ts";
import { ApiKeysFile } from "../../storage/api-keys-file.ts";
import type { CommandInput } from "../command.ts";
import { type Offline, withDataFolder } from "../offline.ts";

/** Runs `task` with the API keys of the data folder, whether a server uses it or not. */
export function withApiKeys(
  input: CommandInput,
  task: (keys: ApiKeysFile, folder: Offline) => Promise<number>,
): Promise<number> {
  return withDataFolder(input, (folder) => task(new ApiKeysFile(folder.dataFolder, systemClock), folder));
}
