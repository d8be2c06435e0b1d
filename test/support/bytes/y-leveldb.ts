import { cpSync, readdirSync } from "node:fs";
import { LeveldbPersistence } from "y-leveldb";
import * as Y from "yjs";
import type { SourceDocument } from "../../../src/storage/source.ts";

/** The options of LevelDB. Little memory and small files make many tables of little data. */
export interface LevelOptions {
  readonly compression?: boolean;
  readonly writeBufferSize?: number;
  readonly maxFileSize?: number;
  readonly blockSize?: number;
}

export const manyTables = { writeBufferSize: 64 * 1024, maxFileSize: 64 * 1024, blockSize: 1024 };

/** Runs `task` with y-leveldb in a folder, and closes it as its server does at the end. */
export async function withYLeveldb<Result>(
  folder: string,
  task: (persistence: LeveldbPersistence) => Promise<Result>,
  levelOptions: LevelOptions = {},
): Promise<Result> {
  const persistence = new LeveldbPersistence(folder, { levelOptions });
  try {
    return await task(persistence);
  } finally {
    await persistence.destroy();
  }
}

/** Copies the folder while y-leveldb has it open: this is the state that a killed server leaves. */
export async function leaveAsKilled(
  folder: string,
  task: (persistence: LeveldbPersistence) => Promise<void>,
): Promise<void> {
  const living = `${folder}-living`;
  await withYLeveldb(living, async (persistence) => {
    await task(persistence);
    cpSync(living, folder, { recursive: true });
  });
}

/** All entries that the real database reports, in its order. */
export async function entriesOf(persistence: LeveldbPersistence): Promise<readonly string[]> {
  const found: string[] = [];
  await persistence._transact(async (database) => {
    const entries = database.iterator({ keyEncoding: "buffer", valueEncoding: "buffer" });
    for await (const [key, value] of entries) found.push(describeEntry(key, value));
  });
  return found;
}

export function describeEntry(key: Uint8Array, value: Uint8Array): string {
  return `${Buffer.from(key).toString("base64")} ${value.length} bytes, ${Bun.hash(value)}`;
}

/** Stores updates one at a time, as y-websocket's server does. */
export async function storeUpdates(
  persistence: LeveldbPersistence,
  name: string,
  updates: readonly Uint8Array[],
): Promise<void> {
  for (const update of updates) await persistence.storeUpdate(name, update);
}

/** Writes a value directly to LevelDB: y-leveldb would not store bytes that are not an update. */
export async function putValue(
  persistence: LeveldbPersistence,
  key: readonly (string | number)[],
  value: Uint8Array,
): Promise<void> {
  await persistence._transact((database) => database.put(key, Buffer.from(value)));
}

/** The entry that `compactLevels` leaves in the log. */
export const keyLeftInLog = ["v1_sv", "last"];
export const valueLeftInLog = new Uint8Array(20).fill(7);

/**
 * Lets LevelDB finish its background work and remove files that it does not need any more, so that every file counts.
 */
export async function compactLevels(folder: string): Promise<void> {
  await withYLeveldb(folder, (persistence) =>
    persistence._transact((database) => database.compactRange(["v1", ""], ["v1", "\uffff"])),
  );
  // Opening the database has moved the entries out of the log. Entries written now stay in it.
  await withYLeveldb(folder, async (persistence) => {
    for (let index = 0; index < 3; index += 1) await putValue(persistence, keyLeftInLog, valueLeftInLog);
  });
}

/** The names of the files in a folder that end with `ending`. */
export function filesOf(folder: string, ending: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending));
}

/** The content of a document after all of these updates. */
export function textOf(updates: SourceDocument["updates"]): string {
  const doc = new Y.Doc();
  for (const update of updates) {
    if (!(update instanceof Uint8Array)) throw new Error(`an update of ${update.bytes} bytes was not read`);
    Y.applyUpdate(doc, update);
  }
  return doc.getText("t").toString();
}
