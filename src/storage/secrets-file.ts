import { Database } from "bun:sqlite";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { giveToOwner } from "./data-folder.ts";
import { replaceFile } from "./replace-file.ts";

export interface Secret {
  readonly text: string;
  /** Whether it was made just now. */
  readonly isNew: boolean;
}

const fileName = "secrets.json";
/** An empty SQLite database, for its lock: the kernel drops it when the process dies. */
const lockName = "secrets.lock";
/** Its holder writes one small file. */
const lockTimeoutMs = 5_000;

const secretTexts = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value)),
  v.transform((texts) => new Map<string, unknown>(Object.entries(texts))),
  v.map(v.string(), v.pipe(v.string(), v.nonEmpty())),
);

/** The file of secrets is there and is not one, or one of them is none. What is in it is not told. */
export class SecretsFileUnreadable extends Error {
  constructor(folder: string, problem: string) {
    super(`${join(folder, fileName)} ${problem}.`);
    this.name = "SecretsFileUnreadable";
  }
}

/**
 * The secret of that name in a data folder, which is made and kept when it is not there yet.
 *
 * On disk when this returns, in a file for its owner alone. All who ask, from several processes at once too, have the
 * same secret. Throws `SecretsFileUnreadable` or the system's error.
 */
export function secretIn(folder: string, name: string, generate: () => string): Secret {
  const path = join(folder, fileName);
  const known = readSecrets(path).get(name);
  if (known !== undefined) return { text: known, isNew: false };
  const unlock = lock(folder);
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

function readSecrets(path: string): Map<string, string> {
  const content = readIfThere(path);
  if (content === undefined) return new Map();
  const parsed = v.safeParse(secretTexts, parse(content));
  if (!parsed.success) throw new SecretsFileUnreadable(dirname(path), "is not a JSON object of texts");
  return parsed.output;
}

/** Undefined, which is no JSON, for what is none: the parser's error quotes it. */
function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Without it, of two processes that add a secret each, one would write the file without the other's. */
function lock(folder: string): () => void {
  const path = join(folder, lockName);
  closeSync(openSync(path, "a", 0o600));
  giveToOwner(path, folder);
  const database = new Database(path, { readwrite: true });
  try {
    database.run(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close(true);
    throw error;
  }
  return () => database.close(true);
}
