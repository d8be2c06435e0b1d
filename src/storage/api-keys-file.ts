import { closeSync, constants, lstatSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import {
  type ApiKey,
  ApiKeyNameTaken,
  type ApiKeyOrder,
  apiKeyHash,
  type KeptApiKeys,
  type MadeApiKey,
  mostApiKeys,
  newApiKey,
  scopes,
  TooManyApiKeys,
} from "../auth/keys/api-keys.ts";
import { errorCode } from "../lib/error-code.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { HashedApiKey } from "./access/access-content.ts";
import { createDataFolder } from "./data-folder.ts";
import { lockFile } from "./file-lock.ts";
import { type FolderContent, refuseIfLost } from "./folder-content.ts";
import { openOrCreateOwnFile, readOwnFile } from "./own-file.ts";
import { replaceFile } from "./replace-file.ts";
import { StoreError } from "./store.ts";

const fileName = "api-keys.json";
/** See `lockFile`. */
const lockName = "api-keys.lock";
const lockTimeoutMs = 5_000;

const keptKey = v.object({
  id: v.string(),
  name: v.string(),
  scope: v.picklist(scopes),
  prefix: v.string(),
  createdAt: v.number(),
  hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});
const keptKeys = v.object({ keys: v.array(keptKey) });

type KeptKey = v.InferOutput<typeof keptKey>;

/** The file of API keys is invalid. The message does not quote the content. */
export class ApiKeysUnreadable extends Error {
  constructor(path: string) {
    super(`${path} does not hold API keys.`);
    this.name = "ApiKeysUnreadable";
  }
}

export interface ApiKeysFileOptions {
  /** The longest wait for another process that changes the file. It blocks the event loop. 5 s by default. */
  readonly maxWaitMs?: number;
  /**
   * The folder of a server that has it open. While it is not at its path, no key is created or revoked: files in another
   * folder there would keep the server from writing its content out again.
   */
  readonly held?: Pick<FolderContent, "findFault">;
}

/**
 * The API keys of a data folder, hashed, in a file with mode 0600. Several processes may use it: a server finds keys, and
 * commands create and revoke them beside it.
 *
 * All methods throw `ApiKeysUnreadable`, `StoreError` as `KeptApiKeys`, or the system's error.
 */
export class ApiKeysFile implements KeptApiKeys {
  readonly #folder: string;
  readonly #clock: Pick<Clock, "now">;
  readonly #maxWaitMs: number;
  readonly #held: ApiKeysFileOptions["held"];
  /** The keys by their hashes, and the version of the file that had them. */
  #read: { readonly version: string; readonly keys: ReadonlyMap<string, KeptKey> } | undefined;

  constructor(folder: string, clock: Pick<Clock, "now">, { held, maxWaitMs = lockTimeoutMs }: ApiKeysFileOptions = {}) {
    this.#folder = folder;
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
    this.#held = held;
  }

  find(text: string): ApiKey | undefined {
    const found = this.#current().get(apiKeyHash(text));
    return found && shownKey(found);
  }

  list(): readonly ApiKey[] {
    return [...this.#current().values()].map(shownKey);
  }

  /** Creates the data folder as well, if it does not exist. */
  create(order: ApiKeyOrder): MadeApiKey {
    refuseIfLost(this.#held?.findFault());
    createDataFolder(this.#folder);
    return this.#change((keys) => {
      if (keys.some(({ name }) => name === order.name)) throw new ApiKeyNameTaken();
      if (keys.length >= mostApiKeys) throw new TooManyApiKeys(mostApiKeys);
      const { hash, key, text } = newApiKey(order, this.#clock.now());
      return { keys: [...keys, { ...key, hash }], result: { key, text } };
    });
  }

  revoke(nameOrId: string): ApiKey | undefined {
    refuseIfLost(this.#held?.findFault());
    if (this.#current().size === 0) return undefined;
    return this.#change((keys) => {
      const revoked = keys.find(({ name }) => name === nameOrId) ?? keys.find(({ id }) => id === nameOrId);
      return { keys: keys.filter((key) => key !== revoked), result: revoked && shownKey(revoked) };
    });
  }

  /** All keys as they are kept, in the order in which they were made. */
  hashed(): readonly HashedApiKey[] {
    return [...this.#current().values()];
  }

  /** Adds keys that were made elsewhere. Their ids and names are not those of others. */
  add(added: readonly HashedApiKey[]): void {
    createDataFolder(this.#folder);
    this.#change((keys) => ({ keys: [...keys, ...added], result: undefined }));
  }

  get #path(): string {
    return join(this.#folder, fileName);
  }

  #current(): ReadonlyMap<string, KeptKey> {
    const version = versionOf(this.#path);
    if (this.#read?.version !== version)
      this.#read = { version, keys: new Map(readKeys(this.#path).map((key) => [key.hash, key])) };
    return this.#read.keys;
  }

  #change<Result>(
    change: (keys: readonly KeptKey[]) => { readonly keys: readonly KeptKey[]; readonly result: Result },
  ): Result {
    const lockPath = join(this.#folder, lockName);
    try {
      closeSync(openOrCreateOwnFile(lockPath, constants.O_RDWR));
      const unlock = lockFile(lockPath, this.#maxWaitMs);
      try {
        const { keys, result } = change(readKeys(this.#path));
        replaceFile(this.#path, `${JSON.stringify({ keys }, undefined, 2)}\n`);
        return result;
      } finally {
        unlock();
      }
    } catch (error) {
      throwTranslated(error);
    }
  }
}

/** Throws the store's error for a failure that time or space may heal, and every other error as it is. */
function throwTranslated(error: unknown): never {
  const code = errorCode(error);
  if (code === "SQLITE_BUSY")
    throw new StoreError("unavailable", "Another program is changing the API keys. Try again.", { cause: error });
  if (code === "ENOSPC") throw new StoreError("full", "The disk is full.", { cause: error });
  throw error;
}

function readKeys(path: string): readonly KeptKey[] {
  const content = readOwnFile(path)?.toString();
  if (content === undefined) return [];
  try {
    return v.parse(keptKeys, JSON.parse(content)).keys;
  } catch {
    throw new ApiKeysUnreadable(path);
  }
}

/** Differs after every change of the file. */
function versionOf(path: string): string {
  const facts = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? "" : `${facts.ino} ${facts.size} ${facts.mtimeNs} ${facts.ctimeNs}`;
}

function shownKey({ createdAt, id, name, prefix, scope }: KeptKey): ApiKey {
  return { id, name, scope, prefix, createdAt };
}
