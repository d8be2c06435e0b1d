import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import type { Classification } from "../../src/relay/document/comparison/classification.ts";
import { DocumentState } from "../../src/relay/document/document-state.ts";
import { WaitingUpdates, type WaitingWrite } from "../../src/relay/document/waiting-updates.ts";
import { IdSet } from "../../src/relay/update/id-set.ts";
import { unpackUpdates } from "../../src/relay/update/packed-updates.ts";
import type { DecodedUpdate } from "../../src/relay/update/trim-update.ts";
import { contentsOf } from "../../src/relay/update/update-contents.ts";
import { answerOf, classify, compactState } from "../support/bytes/document-states.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { bringing, deleting } from "../support/bytes/update-bytes.ts";
import { type Clocks, clocksIn, deletesIn, deletesOf, structsIn, structsOf } from "../support/bytes/y-doc-facts.ts";
import { RandomEditor, typedDoc, visibleContent } from "../support/clients/random-editors.ts";
import { finish } from "../support/steps.ts";

setDefaultTimeout(120_000);

/** Checks that an update gets the same verdict when it is classified in steps. */
function expectSameInSteps(state: DocumentState, update: Uint8Array, verdict: Classification): void {
  const inSteps = finish(state.classifyInSteps({ update, contents: contentsOf(update) }));
  if (inSteps.kind === "known" || verdict.kind === "known") {
    const [actual, expected] = [inSteps, verdict].map((each) => [each.kind, "committed" in each && each.committed]);
    expect(actual).toEqual(expected);
    return;
  }
  expect(inSteps.kind).toBe(verdict.kind);
  expect(structsOf([inSteps.update])).toEqual(structsOf([verdict.update]));
  expect(deletesOf([inSteps.update])).toEqual(deletesOf([verdict.update]));
  expect(clocksIn(inSteps.contents.structs)).toEqual(structsOf([verdict.update]));
  expect(clocksIn(inSteps.contents.deletes)).toEqual(deletesOf([verdict.update]));
}

interface StagedUpdate extends DecodedUpdate, WaitingWrite {}

/** A document state and a `Y.Doc` that are fed the same updates. */
class Pair {
  readonly random: Random;
  readonly #waiting = new WaitingUpdates<StagedUpdate>();
  state = new DocumentState(undefined, this.#waiting);
  readonly doc = new Y.Doc();
  readonly fed: Uint8Array[] = [];
  readonly verdicts = new Set<string>();
  /** Checks that no clock is stored and forwarded twice, unless there is a gap before it. */
  readonly #forwarded = new IdSet();
  #staged: StagedUpdate[] = [];
  #row = 0;

  constructor(random: Random) {
    this.random = random;
  }

  feed(update: Uint8Array): void {
    const verdict = classify(this.state, update);
    if (verdict.kind === "malformed") throw new Error(`malformed: ${verdict.detail}`);
    expectSameInSteps(this.state, update, verdict);
    const before = verdict.kind === "known" ? everything(this.doc) : undefined;
    Y.applyUpdate(this.doc, update);
    this.fed.push(update);
    this.verdicts.add(verdict.kind === "known" && !verdict.committed ? "known, not committed" : verdict.kind);
    if (verdict.kind === "known") {
      expect<unknown>(everything(this.doc)).toEqual(before);
      return;
    }
    for (const [client, [first]] of clocksIn(verdict.contents.structs)) {
      expect(first?.[0]).toBeGreaterThanOrEqual(this.#forwarded.reach(client, 0));
    }
    this.#forwarded.addAll(verdict.contents.structs);
    expect(clocksIn(verdict.contents.structs)).toEqual(structsOf([verdict.update]));
    expect(clocksIn(verdict.contents.deletes)).toEqual(deletesOf([verdict.update]));
    const staged = { ...verdict, bytes: verdict.update.byteLength };
    this.#waiting.include(staged.contents);
    this.#waiting.add(staged);
    this.#staged.push(staged);
    if (this.random.chance(0.4)) this.commit(this.random.integer(this.#staged.length + 1));
  }

  commit(count = this.#staged.length): void {
    for (const staged of this.#staged.splice(0, count)) {
      this.#row += 1;
      this.#waiting.stored(staged, staged.contents);
      this.state.commit(staged.update, staged.contents, this.#row);
    }
  }

  /** Compacts the updates committed so far, and runs `meanwhile` before the result is taken. */
  compact(meanwhile: () => void): void {
    compactState(this.state, () => ++this.#row, meanwhile);
  }

  /** Simulates the end of the process: the document is loaded again. */
  reload(): void {
    this.commit();
    const cut = this.state.cut();
    const { rows, tailCount } = cut;
    const stored = unpackUpdates(cut).map((update, index) => ({ update: update.slice(), row: rows[index] ?? 0 }));
    const tail = stored.slice(stored.length - tailCount);
    const base = stored.at(-tailCount - 1);
    this.state = new DocumentState(
      { base: base && { ...base, summary: undefined }, tail, quarantined: [], sequence: 0 },
      this.#waiting,
    );
  }
}

function facts(doc: Y.Doc) {
  return { structs: structsIn(doc), deletes: deletesIn(doc), stateVector: Y.encodeStateVector(doc) };
}

/** Pending structs are written anew each time, cut in other places. */
function everything(doc: Y.Doc) {
  const isPending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
  return { ...facts(doc), update: isPending ? undefined : Y.encodeStateAsUpdate(doc) };
}

/** Edits of several people, as they reach a server: late, twice, in any order, merged, cut, as a whole state. */
function* traffic(random: Random, pair: Pair): Generator<Uint8Array> {
  const editors = Array.from({ length: 2 + random.integer(3) }, () => new RandomEditor(random));
  let waiting: Uint8Array[] = [];
  for (let step = 0; step < 60; step += 1) {
    const editor = random.pick(editors);
    const sentBefore = editor.sent.length;
    editor.edit();
    exchange(random, editor, random.pick(editors));
    waiting = random.shuffled([...waiting, ...editor.sent.slice(sentBefore)]);
    yield* deliveries(random, waiting);
    if (random.chance(0.25)) yield variant(random, pair, editors, waiting);
  }
  for (const { doc } of editors) yield Y.encodeStateAsUpdate(doc, pair.state.stateVector());
  for (const { sent } of editors) yield* random.shuffled(sent);
}

/** The updates that two editors exchange without the server: all that one lacks, or a part of it, out of order. */
function exchange(random: Random, from: RandomEditor, to: RandomEditor): void {
  if (random.chance(0.3)) to.receive(Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc)));
  if (random.chance(0.2)) for (const update of random.shuffled(random.some(from.sent, 0.3))) to.receive(update);
}

function* deliveries(random: Random, waiting: Uint8Array[]): Generator<Uint8Array> {
  while (random.chance(0.6)) {
    const update = waiting.pop();
    if (update === undefined) return;
    yield update;
    if (random.chance(0.2)) yield update;
    if (random.chance(0.1)) waiting.push(update);
  }
}

function variant(random: Random, pair: Pair, editors: readonly RandomEditor[], waiting: Uint8Array[]): Uint8Array {
  const { doc, sent } = random.pick(editors);
  const merged = Y.mergeUpdates([...random.some(sent, 0.4), ...random.some(waiting, 0.3), Uint8Array.of(0, 0)]);
  return random.pick<() => Uint8Array>([
    () => merged,
    () => Y.diffUpdate(merged, Y.encodeStateVector(random.pick(editors).doc)),
    () => Y.encodeStateAsUpdate(doc),
    () => Y.encodeStateAsUpdate(doc, pair.state.stateVector()),
    () => Y.diffUpdate(Y.encodeStateAsUpdate(doc), pair.state.stateVector()),
    () => Y.convertUpdateFormatV2ToV1(Y.convertUpdateFormatV1ToV2(merged)),
    () => answerOf(pair.state, Y.encodeStateVector(doc)),
    () => answerOf(pair.state, Uint8Array.of(0)),
  ])();
}

function forAllTraffic(times: number, after: (pair: Pair, random: Random) => void): void {
  withSeeds(times, (random) => {
    const pair = new Pair(random);
    for (const update of traffic(random, pair)) {
      pair.feed(update);
      after(pair, random);
    }
    pair.commit();
    after(pair, random);
  });
}

test("the traffic of these tests leads to every verdict", () => {
  const verdicts = new Set<string>();
  forAllTraffic(10, (pair) => {
    for (const verdict of pair.verdicts) verdicts.add(verdict);
  });
  expect([...verdicts].sort()).toEqual(["incomplete", "known", "known, not committed", "new"]);
});

test("after any prefix, a document holds the structs that a Y.Doc has integrated or keeps pending", () => {
  forAllTraffic(15, ({ state, doc }, random) => {
    const held = structsIn(doc);
    expect(knownOf(held, (client, start, end) => bringing(client, start, end), state)).toEqual(held);
    for (const [client, start, end] of gaps(held)) {
      for (const clock of [start, end - 1, start + random.integer(end - start)]) {
        expect(classify(state, bringing(client, clock, clock + 1)).kind).not.toBe("known");
      }
    }
  });
});

test("after any prefix, a document knows the deletes that it received, and none that a Y.Doc has not made", () => {
  forAllTraffic(8, ({ state, doc, fed }) => {
    const told = deletesOf(fed);
    expect(knownOf(told, deleting, state)).toEqual(told);
    for (const [client, start, end] of gaps(deletesIn(doc))) {
      expect(classify(state, deleting(client, start, start + 1)).kind).not.toBe("known");
      expect(classify(state, deleting(client, end - 1, end)).kind).not.toBe("known");
    }
  });
});

test("the state vector ends each client at its first gap, which is the Y.Doc's own when nothing is pending", () => {
  forAllTraffic(15, (pair) => {
    pair.commit();
    const { state, doc } = pair;
    const held = structsIn(doc);
    expect(Y.decodeStateVector(state.stateVector())).toEqual(firstGaps(held));
    expect(state.hasGaps).toBe(held.some(([, ranges]) => ranges.length > 1 || ranges[0]?.[0] !== 0));
    if (doc.store.pendingStructs === null) expect(state.stateVector()).toEqual(Y.encodeStateVector(doc));
  });
});

test("base and tail load into the same document after any compactions and reloads", () => {
  forAllTraffic(12, (pair, random) => {
    if (random.chance(0.9)) return;
    pair.commit();
    if (random.chance(0.3)) pair.reload();
    const loaded = new Y.Doc();
    for (const update of unpackUpdates(pair.state.cut())) Y.applyUpdate(loaded, update);
    expect(facts(loaded)).toEqual(facts(pair.doc));
    expect(content([Y.encodeStateAsUpdate(loaded)])).toEqual(content(pair.fed));
    if (random.chance(0.6)) pair.compact(() => {});
  });
});

test("updates committed during a compaction are neither lost nor counted to its base", () => {
  withSeeds(12, (random) => {
    const pair = new Pair(random);
    const updates = [...traffic(random, pair)];
    const half = random.integer(updates.length);
    for (const update of updates.slice(0, half)) pair.feed(update);
    pair.commit();
    const { rows } = pair.state.cut();
    pair.compact(() => {
      for (const update of updates.slice(half)) pair.feed(update);
      pair.commit();
    });
    expect(facts(documentOf([answerOf(pair.state, Uint8Array.of(0))]))).toEqual(facts(pair.doc));
    const rowsAfter = pair.state.cut().rows;
    expect(rowsAfter.some((row) => rows.includes(row))).toBeFalse();
    expect(new Set(rowsAfter).size).toBe(rowsAfter.length);
  });
});

test("a client that gets what its state vector lacks has the whole document", () => {
  forAllTraffic(12, (pair, random) => {
    if (random.chance(0.9)) return;
    pair.commit();
    const client = documentOf(random.shuffled(random.some(pair.fed, random.real())));
    if (random.chance(0.5)) answerOf(pair.state, Uint8Array.of(0));
    Y.applyUpdate(client, answerOf(pair.state, Y.encodeStateVector(client)));
    expect(structsIn(client)).toEqual(structsIn(pair.doc));
    expect(content([Y.encodeStateAsUpdate(client)])).toEqual(content(pair.fed));
    if (random.chance(0.3)) pair.compact(() => {});
  });
});

/** The subset of `clocks` that `state` classifies as known. */
function knownOf(
  clocks: Clocks,
  update: (client: number, start: number, end: number) => Uint8Array,
  state: DocumentState,
): Clocks {
  return clocks.map(([client, ranges]) => [
    client,
    ranges.filter(([start, end]) => classify(state, update(client, start, end)).kind === "known"),
  ]);
}

function gaps(clocks: Clocks): readonly (readonly [client: number, start: number, end: number])[] {
  return clocks.flatMap(([client, ranges]) => {
    const starts = [...ranges.map(([start]) => start), Number.MAX_SAFE_INTEGER];
    const ends = [0, ...ranges.map(([, end]) => end)];
    return ends.map((end, index) => [client, end, starts[index] ?? end] as const).filter(([, from, to]) => from < to);
  });
}

function firstGaps(clocks: Clocks): Map<number, number> {
  return new Map(clocks.flatMap(([client, [first]]) => (first?.[0] === 0 ? [[client, first[1]] as const] : [])));
}

function documentOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

/** The content that an application sees after these updates. */
function content(updates: readonly Uint8Array[]): unknown {
  const doc = typedDoc();
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  return visibleContent(doc);
}
