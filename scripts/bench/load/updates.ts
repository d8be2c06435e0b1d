import { existsSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "bun";
import * as Y from "yjs";
import { Random } from "./random.ts";

type Patch = readonly [position: number, deleted: number, inserted: string];

/** The typing of one writer: one update per keystroke, each of which extends those before it. */
export interface Typed {
  readonly updates: readonly Uint8Array[];
  /** The whole document at the end, as one update. */
  readonly document: Uint8Array;
  /** The origin of the keystrokes, for the report. */
  readonly source: string;
}

const tracePath = join(import.meta.dir, "../../../../shared/data/automerge-paper.json.gz");
/** The length of the trace. A generated history has the same length. */
const traceEdits = 259_778;

/** The client id of the writer. */
export const writerId = 1_000_000_000;

const typed = new Map<number, Typed>();
const inserted = new Map<number, readonly Uint8Array[]>();

/** The first `count` keystrokes of the editing history known as B4, or of a seeded history if B4 is not installed. */
export function typedUpdates(count = traceEdits): Typed {
  const known = typed.get(count) ?? type(readPatches(), count);
  typed.set(count, known);
  return known;
}

/**
 * The same history without deleted text: the update with index n advances the writer's clock to n and does nothing
 * else.
 */
export function insertedUpdates(count: number): readonly Uint8Array[] {
  const known = inserted.get(count) ?? insert(count);
  inserted.set(count, known);
  return known;
}

function insert(count: number): readonly Uint8Array[] {
  const { patches, source } = readPatches();
  const insertions = patches.filter(([, deleted, text]) => deleted === 0 && text.length === 1).slice(0, count);
  if (insertions.length < count) throw new RangeError(`${source} has no ${count} insertions`);
  const clamped = insertions.map(([position, , text], length): Patch => [Math.min(position, length), 0, text]);
  return type({ patches: clamped, source }, count).updates;
}

interface Patches {
  readonly patches: readonly Patch[];
  readonly source: string;
}

let patchesRead: Patches | undefined;

function readPatches(): Patches {
  patchesRead ??= existsSync(tracePath)
    ? { patches: readTrace(), source: "the trace automerge-paper (B4)" }
    : { patches: inventPatches(traceEdits), source: "a seeded trace, because ../shared/data is not there" };
  return patchesRead;
}

function readTrace(): readonly Patch[] {
  const { txns } = JSON.parse(new TextDecoder().decode(gunzipSync(Bun.mmap(tracePath))));
  return txns.flatMap((transaction: { readonly patches: readonly Patch[] }) => transaction.patches);
}

/**
 * Generates the typing of a person: insertions at a cursor that sometimes moves, and a realistic share of deletions.
 */
export function inventPatches(count: number): readonly Patch[] {
  const random = new Random(4);
  const letters = "etaoin shrdlu\n";
  const patches: Patch[] = [];
  let [length, cursor] = [0, 0];
  while (patches.length < count) {
    if (random.chance(0.01)) cursor = random.integer(length + 1);
    if (cursor > 0 && random.chance(0.3)) {
      [cursor, length] = [cursor - 1, length - 1];
      patches.push([cursor, 1, ""]);
    } else {
      patches.push([cursor, 0, letters[random.integer(letters.length)] ?? " "]);
      [cursor, length] = [cursor + 1, length + 1];
    }
  }
  return patches;
}

function type({ patches, source }: Patches, count: number): Typed {
  const doc = new Y.Doc();
  doc.clientID = writerId;
  const text = doc.getText("text");
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const [position, deleted, inserted] of patches.slice(0, count)) {
    doc.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== "") text.insert(position, inserted);
    });
  }
  const document = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return { updates, document, source };
}

/** A document of about `bytes` bytes as one update, written as paragraphs at different places. */
export function largeDocument(bytes: number, paragraphBytes = 1000): Uint8Array {
  const random = new Random(10);
  const doc = new Y.Doc();
  doc.clientID = 1_000_000_001;
  const text = doc.getText("text");
  for (let written = 0; written < bytes; written += paragraphBytes) {
    const paragraph = random.letters(paragraphBytes);
    doc.transact(() => text.insert(random.integer(text.length + 1), paragraph));
  }
  const update = Y.encodeStateAsUpdate(doc);
  doc.destroy();
  return update;
}
