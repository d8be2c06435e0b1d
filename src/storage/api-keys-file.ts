import { createHash } from "node:crypto";
import { closeSync, constants, lstatSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { type ApiKey, type ApiKeys, apiKeyPrefix, type Scope, scopes } from "../auth/keys/api-keys.ts";
import type { Clock } from "../lib/time/clock.ts";
import { createDataFolder } from "./data-folder.ts";
import { lockFile } from "./file-lock.ts";
import { openOrCreateOwnFile, readOwnFile } from "./own-file.ts";
import { replaceFile } from "./replace-file.ts";

const fileName = "api-keys.json";
/** See `lockFile`. */
const lockName = "api-keys.lock";
const lockTimeoutMs = 5_000;
const keyBytes = 32;
const idBytes = 6;

const keptKey = v.object({
  id: v.string(),
  name: v.string(),
  scope: v.picklist(scopes),
  prefix: v.string(),
  createdAt: v.number(),
  /** SHA-256 of the key's text, in hexadecimal. A key has 256 random bits, so that a slow hash would protect nothing. */
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

/** Another API key has this name. */
export class ApiKeyNameTaken extends Error {
  constructor() {
    super("Another API key has this name.");
    this.name = "ApiKeyNameTaken";
  }
}

export interface ApiKeyOrder {
  readonly name: string;
  readonly scope: Scope;
  readonly prefix: string;
}

/** A key that has just been made. `text` is shown once: only its hash is kept. */
export interface MadeApiKey {
  readonly key: ApiKey;
  readonly text: string;
}

/**
 * The API keys of a data folder, hashed, in a file with mode 0600. Several processes may use it: a server finds keys, and
 * commands create and revoke them beside it.
 *
 * All methods throw `ApiKeysUnreadable` or the system's error.
 */
export class ApiKeysFile implements ApiKeys {
  readonly #folder: string;
  readonly #clock: Pick<Clock, "now">;
  /** The keys by their hashes, and the version of the file that had them. */
  #read: { readonly version: string; readonly keys: ReadonlyMap<string, KeptKey> } | undefined;

  constructor(folder: string, clock: Pick<Clock, "now">) {
    this.#folder = folder;
    this.#clock = clock;
  }

  find(text: string): ApiKey | undefined {
    const found = this.#current().get(hashOf(text));
    return found && shownKey(found);
  }

  /** All keys, in the order in which they were created. */
  list(): readonly ApiKey[] {
    return [...this.#current().values()].map(shownKey);
  }

  /** Creates a key; it is on disk when this returns. Creates the data folder if it does not exist. Throws `ApiKeyNameTaken`. */
  create({ name, prefix, scope }: ApiKeyOrder): MadeApiKey {
    createDataFolder(this.#folder);
    return this.#change((keys) => {
      if (keys.some((key) => key.name === name)) throw new ApiKeyNameTaken();
      const text = apiKeyPrefix + randomText(keyBytes);
      const made = { id: randomText(idBytes), name, scope, prefix, createdAt: this.#clock.now(), hash: hashOf(text) };
      return { keys: [...keys, made], result: { key: shownKey(made), text } };
    });
  }

  /** Revokes the key with this name or id, at once and for ever. Returns it; undefined if there is none. */
  revoke(nameOrId: string): ApiKey | undefined {
    if (this.#current().size === 0) return undefined;
    return this.#change((keys) => {
      const revoked = keys.find(({ name }) => name === nameOrId) ?? keys.find(({ id }) => id === nameOrId);
      return { keys: keys.filter((key) => key !== revoked), result: revoked && shownKey(revoked) };
    });
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
    closeSync(openOrCreateOwnFile(lockPath, constants.O_RDWR));
    const unlock = lockFile(lockPath, lockTimeoutMs);
    try {
      const { keys, result } = change(readKeys(this.#path));
      replaceFile(this.#path, `${JSON.stringify({ keys }, undefined, 2)}\n`);
      return result;
    } finally {
      unlock();
    }
  }
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

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function randomText(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toBase64({ alphabet: "base64url", omitPadding: true });
}
