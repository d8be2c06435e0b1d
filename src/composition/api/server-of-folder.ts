import { systemClock } from "../../lib/time/clock.ts";
import { ApiKeysFile } from "../../storage/api-keys-file.ts";
import { findFolderHolder } from "../../storage/data-folder.ts";

/** A server that runs on a data folder, with an API key for it. */
export interface ServerOfFolder {
  /** Without a slash at the end. */
  readonly url: string;
  /** An API key for everything, until `close`. */
  readonly key: string;
  /** Revokes the key. */
  close(): void;
}

const namePrefix = "command-";
/** The age at which the key of a command that was killed is removed. Its text is lost by then. */
const leftAfterMs = 86_400_000;

/**
 * Finds the server that uses a data folder, and makes an API key for it there; undefined if no server answers for the
 * folder. Throws `ApiKeysUnreadable`, or the system's error.
 */
export function findServerOf(dataFolder: string): ServerOfFolder | undefined {
  const url = urlOfServer(dataFolder);
  if (url === undefined) return undefined;
  const keys = new ApiKeysFile(dataFolder, systemClock);
  removeLeft(keys);
  const name = namePrefix + crypto.randomUUID().slice(0, 8);
  const { key, text } = keys.create({ name, scope: "docs:admin", prefix: "" });
  return { url, key: text, close: () => void keys.revoke(key.id) };
}

/** The URL of the server that uses a data folder, without a slash at the end; undefined if none does. */
export function urlOfServer(dataFolder: string): string | undefined {
  return findFolderHolder(dataFolder)?.url;
}

function removeLeft(keys: ApiKeysFile): void {
  for (const { createdAt, id, name } of keys.list()) {
    if (name.startsWith(namePrefix) && systemClock.now() - createdAt > leftAfterMs) keys.revoke(id);
  }
}
