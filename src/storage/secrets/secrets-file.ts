import { closeSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { lockFile } from "../file-lock.ts";
import { openOrCreateOwnFile, readOwnFile } from "../own-file.ts";
import { replaceFile } from "../replace-file.ts";
import type { Secret } from "./own-secrets.ts";

/** The file's name in a data folder. */
export const secretsName = "secrets.json";
/** The lock, see `lockFile`. */
const lockName = "secrets.lock";
/** The wait for the lock, whose holder writes one small file. */
const lockTimeoutMs = 5_000;

const secretTexts = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value)),
  v.transform((texts) => new Map<string, unknown>(Object.entries(texts))),
  v.map(v.string(), v.pipe(v.string(), v.nonEmpty())),
);

/** The file of secrets, or one secret in it, is invalid. The message does not quote the content. */
export class SecretsFileUnreadable extends Error {
  constructor(folder: string, problem: string) {
    super(`${join(folder, secretsName)} ${problem}.`);
    this.name = "SecretsFileUnreadable";
  }
}

/**
 * Reads the secret with this name in a data folder, or generates and stores it.
 *
 * It is on disk when this returns, in a file with mode 0600. Concurrent callers, even in several processes, get the
 * same secret. Throws `SecretsFileUnreadable` or the system's error.
 */
export function loadOrCreateSecret(folder: string, name: string, generate: () => string): Secret {
  const path = join(folder, secretsName);
  const known = readSecrets(path).get(name);
  if (known !== undefined) return { text: known, isNew: false };
  const unlock = lockSecrets(folder);
  try {
    const secrets = readSecrets(path);
    const made = secrets.get(name);
    if (made !== undefined) return { text: made, isNew: false };
    const text = generate();
    secrets.set(name, text);
    replaceFile(path, `${JSON.stringify(Object.fromEntries(secrets), undefined, 2)}\n`);
    return { text, isNew: true };
  } finally {
    unlock();
  }
}

/** The secrets by name; none if the file does not exist. Throws as `loadOrCreateSecret`. */
export function readSecrets(path: string): Map<string, string> {
  const content = readOwnFile(path)?.toString();
  if (content === undefined) return new Map();
  const parsed = v.safeParse(secretTexts, parse(content));
  if (!parsed.success) throw new SecretsFileUnreadable(dirname(path), "is not a JSON object of texts");
  return parsed.output;
}

/** Undefined, which is not a JSON value, for invalid JSON. The parser's error would quote the text. */
function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** Locks the file: two processes that add a secret each would otherwise overwrite each other's. */
function lockSecrets(folder: string): () => void {
  const path = join(folder, lockName);
  closeSync(openOrCreateOwnFile(path, constants.O_RDWR));
  return lockFile(path, lockTimeoutMs);
}
