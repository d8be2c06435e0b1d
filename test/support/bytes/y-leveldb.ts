import { cpSync, readdirSync } from "node:fs";
import { LeveldbPersistence } from "y-leveldb";
import * as Y from "yjs";

/** How LevelDB is opened: little memory and small files make many tables of little data. */
export interface LevelOptions {
  readonly compression?: boolean;
  readonly writeBufferSize?: number;
  readonly maxFileSize?: number;
  readonly blockSize?: number;
}

export const manyTables = { writeBufferSize: 64 * 1024, maxFileSize: 64 * 1024, blockSize: 1024 };

/** Lets y-leveldb work in a folder, and closes it as its server does when it ends. */
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

/** Copies the folder as it lies there while y-leveldb has it open: so it is left when the server is killed. */
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

/** Everything that the real database says it holds, in its order. */
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

/** Stores updates as y-websocket's server does: one at a time. */
export async function storeUpdates(
  persistence: LeveldbPersistence,
  name: string,
  updates: readonly Uint8Array[],
): Promise<void> {
  for (const update of updates) await persistence.storeUpdate(name, update);
}

/** Writes a value past y-leveldb, which would not store what is no update. */
export async function putValue(
  persistence: LeveldbPersistence,
  key: readonly (string | number)[],
  value: Uint8Array,
): Promise<void> {
  await persistence._transact((database) => database.put(key, Buffer.from(value)));
}

/** What `settle` leaves in the log. */
export const settledKey = ["v1_sv", "last"];
export const settledValue = new Uint8Array(20).fill(7);

/** Lets LevelDB finish what it does in the background, and remove what it needs no more: then every file counts. */
export async function settle(folder: string): Promise<void> {
  await withYLeveldb(folder, (persistence) =>
    persistence._transact((database) => database.compactRange(["v1", ""], ["v1", "\uffff"])),
  );
  // Opening it has moved what was in the log; what is written now stays there.
  await withYLeveldb(folder, async (persistence) => {
    for (let index = 0; index < 3; index += 1) await putValue(persistence, settledKey, settledValue);
  });
}

/** The names of a folder's files that end so. */
export function filesOf(folder: string, ending: string): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(ending));
}

/** What a document shows when all of these updates are applied. */
export function textOf(updates: Iterable<Uint8Array>): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText("t").toString();
}
