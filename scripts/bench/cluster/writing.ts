import * as Y from "yjs";
import { Random } from "../load/random.ts";

const firstWriterId = 1_000_000_000;
/** An update has about 30 bytes. */
const typed = "abcdefgh";

/** The first `count` updates of a writer, who types at the end of a text of its own. Writers are numbered from 0. */
export function updatesOf(writer: number, count: number): readonly Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = firstWriterId + writer;
  const text = doc.getText(`text ${doc.clientID}`);
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < count; index += 1) text.insert(text.length, typed);
  doc.destroy();
  return updates;
}

/** The writer of what a client has written. */
export function writerOf(clientId: number): number {
  return clientId - firstWriterId;
}

/** The number of updates that lead to a clock of a writer. */
export function updatesBefore(clock: number): number {
  return clock / typed.length;
}

/** The writers in a random order: those of a room take their turns far from each other, as people do. */
export function inRandomOrder<Writer>(writers: readonly Writer[], seed = 1): readonly Writer[] {
  const random = new Random(seed);
  return writers
    .map((writer) => ({ writer, rank: random.integer(2 ** 31) }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ writer }) => writer);
}
