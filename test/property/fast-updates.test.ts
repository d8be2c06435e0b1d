import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { FastUpdate } from "../../src/relay/update/fast/fast-update.ts";
import { JoinedUpdate } from "../../src/relay/update/fast/joined-update.ts";
import { contentsOf } from "../../src/relay/update/update-contents.ts";
import { compareReaders } from "../support/bytes/compare-readers.ts";
import { invent } from "../support/bytes/mutations.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { shownContents } from "../support/bytes/y-doc-facts.ts";
import { RandomEditor } from "../support/clients/random-editors.ts";
import { TextTypist, textsOf } from "../support/clients/text-typist.ts";

setDefaultTimeout(120_000);

const found = new FastUpdate();
const isFast = (update: Uint8Array) => found.read(update, 0, update.byteLength);

test("the strict reader reads the same from every mutated update that the fast reader accepts", () => {
  let accepted = 0;
  withSeeds(40, (random) => {
    const comparison = compareReaders(random, 10_000);
    expect(comparison.faults).toEqual([]);
    accepted += comparison.accepted;
  });
  expect(accepted).toBeGreaterThan(40_000);
});

test("the fast reader accepts nearly all that is typed", () => {
  withSeeds(20, (random) => {
    const updates = new TextTypist(random).type(300);
    expect(updates.filter(isFast).length).toBeGreaterThan(0.85 * updates.length);
  });
});

test("updates that are joined leave the same document as one by one, and others may write in between", () => {
  let [joined, single] = [0, 0];
  withSeeds(100, (random) => {
    const documents = { joined: new Y.Doc(), single: new Y.Doc() };
    const forwarded: Uint8Array[] = [];
    for (const { typed, foreign } of conversation(random)) {
      const runs = join(typed);
      apply(documents.single, [...typed, ...foreign]);
      apply(documents.joined, [...runs, ...foreign]);
      forwarded.push(...runs, ...foreign);
      joined += runs.length;
      single += typed.length;
    }
    expectSame(documents.joined, documents.single);
    const late = new Y.Doc();
    apply(late, random.shuffled(forwarded));
    expectSame(late, documents.single);
  });
  expect(joined).toBeLessThan(single / 3);
});

test("so do updates of all types", () => {
  withSeeds(100, (random) => {
    const editor = new RandomEditor(random);
    for (let step = 0; step < 40; step += 1) editor.edit();
    const [single, joined] = [new Y.Doc(), new Y.Doc()];
    apply(single, editor.sent);
    apply(joined, join(editor.sent));
    expectSame(copyOf(joined), copyOf(single));
  });
});

test("so do invented updates, of which many contradict each other", () => {
  withSeeds(3_000, (random) => {
    const updates = Array.from({ length: 8 }, () => invent(random)).filter(isFast);
    const [single, joined] = [new Y.Doc(), new Y.Doc()];
    apply(single, updates);
    apply(joined, join(updates));
    expectSame(joined, single);
  });
});

interface Turn {
  /** The updates of the typist whose updates are joined. */
  readonly typed: readonly Uint8Array[];
  readonly foreign: readonly Uint8Array[];
}

/** Two typists, each of whom receives some of the other's updates. */
function* conversation(random: Random): Generator<Turn, void> {
  const [typist, other] = [new TextTypist(random), new TextTypist(random)];
  for (let turn = 0; turn < 20; turn += 1) {
    const typed = typist.type(1 + random.integer(12));
    const foreign = random.chance(0.5) ? other.type(1 + random.integer(3)) : [];
    yield { typed, foreign };
    if (random.chance(0.5)) for (const update of typed) other.receive(update);
    if (random.chance(0.5)) for (const update of foreign) typist.receive(update);
  }
}

function apply(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  for (const update of updates) Y.applyUpdate(doc, update);
}

/** Joins as many consecutive updates as possible, and checks what is returned with each. */
function join(updates: readonly Uint8Array[]): readonly Uint8Array[] {
  const run = new JoinedUpdate(16_384);
  const taken: Uint8Array[] = [];
  const take = () => {
    const { byteLength } = run;
    const { update, contents } = run.take();
    expect(update.byteLength).toBeLessThanOrEqual(byteLength);
    expect(shownContents(contents)).toEqual(shownContents(contentsOf(update)));
    taken.push(update);
  };
  const add = (update: Uint8Array) =>
    isFast(update) ? run.addFast(update, found) : run.add({ update, contents: contentsOf(update) });
  for (const update of updates) {
    if (add(update)) continue;
    take();
    expect(add(update)).toBeTrue();
  }
  if (run.count > 0) take();
  return taken;
}

/** Yjs merges adjacent garbage of one update, and not always of several. */
function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

function expectSame(actual: Y.Doc, expected: Y.Doc): void {
  expect(textsOf(actual).map(String)).toEqual(textsOf(expected).map(String));
  expect(Y.encodeStateAsUpdate(actual)).toEqual(Y.encodeStateAsUpdate(expected));
}
