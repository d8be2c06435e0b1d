import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { DocumentState } from "../../../src/relay/document/document-state.ts";
import { nothingRead } from "../../../src/relay/document/reading/stored-contents.ts";
import { WaitingUpdates } from "../../../src/relay/document/waiting-updates.ts";
import { unpackUpdates } from "../../../src/relay/update/packed-updates.ts";
import { DecodeError } from "../../../src/relay/update/strict-decoding.ts";
import { contentsOf, type UpdateContents } from "../../../src/relay/update/update-contents.ts";
import { StoreError } from "../../../src/storage/store.ts";
import { answerOf, classify, compactState } from "../../support/bytes/document-states.ts";
import { bringing, deleting, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { clocksIn, deletesOf, structsOf } from "../../support/bytes/y-doc-facts.ts";

const emptyVector = Uint8Array.of(0);
const emptyUpdate = Uint8Array.of(0, 0);

let row = 0;

/** The verdict on `update`, which must not be malformed, and its contents. */
function read(state: DocumentState, update: Uint8Array): { verdict: string; contents: UpdateContents } {
  const verdict = classify(state, update);
  if (verdict.kind === "malformed") throw new Error(verdict.detail);
  const isStaged = verdict.kind === "known" && !verdict.committed;
  return { verdict: isStaged ? "known, staged" : verdict.kind, contents: verdict.contents };
}

/** The part of `update` that is stored and forwarded. */
function forwarded(state: DocumentState, update: Uint8Array): { update: Uint8Array; contents: UpdateContents } {
  const verdict = classify(state, update);
  if (verdict.kind === "new" || verdict.kind === "incomplete") return verdict;
  throw new Error(`${verdict.kind} is not forwarded`);
}

function commit(state: DocumentState, ...updates: readonly Uint8Array[]): void {
  for (const each of updates) {
    const { update, contents } = forwarded(state, each);
    row += 1;
    state.commit(update, contents, row);
  }
}

/** A document, and the updates of it that wait for the store. */
function withStaged() {
  const waiting = new WaitingUpdates();
  const state = new DocumentState(undefined, waiting);
  const stage = (contents: UpdateContents) => {
    const write = { bytes: 1 };
    waiting.include(contents);
    waiting.add(write);
    return write;
  };
  return { state, waiting, stage };
}

/** Stores the updates that are new or incomplete. */
function bring(state: DocumentState, update: Uint8Array): string {
  const { verdict } = read(state, update);
  if (verdict === "new" || verdict === "incomplete") commit(state, update);
  return verdict;
}

function compact(state: DocumentState): void {
  compactState(state, () => ++row);
}

function typed(...characters: readonly string[]): { doc: Y.Doc; updates: readonly Uint8Array[] } {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const character of characters) doc.getText("text").insert(doc.getText("text").length, character);
  return { doc, updates };
}

/** 20,000 characters, some of them deleted, compacted; and one more since. */
function withLargeBase() {
  const state = new DocumentState(undefined);
  const doc = new Y.Doc();
  doc.clientID = 1;
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  doc.getText("text").insert(0, "x".repeat(20_000));
  doc.getText("text").delete(100, 10);
  commit(state, ...updates.splice(0));
  compact(state);
  const baseVector = Y.encodeStateVector(doc);
  doc.getText("text").insert(0, "y");
  commit(state, ...updates);
  return { state, doc, baseVector };
}

describe("an update is", () => {
  test("malformed when it cannot be decoded, with the reason", () => {
    const verdict = classify(new DocumentState(undefined), Uint8Array.of(0, 0, 0));
    expect(verdict).toEqual({ kind: "malformed", detail: expect.stringContaining("trailing bytes") });
  });

  test("known and empty when it has neither structs nor deletes", () => {
    const { verdict, contents } = read(new DocumentState(undefined), emptyUpdate);
    expect(verdict).toBe("known");
    expect(contents.isEmpty).toBeTrue();
  });

  test("new, then known", () => {
    const state = new DocumentState(undefined);
    expect(bring(state, bringing(1, 0, 5))).toBe("new");
    expect(bring(state, bringing(1, 0, 5))).toBe("known");
    expect(bring(state, bringing(1, 2, 3))).toBe("known");
    expect(bring(state, bringing(1, 2, 6))).toBe("new");
  });

  test("new when only its deletes are, then known", () => {
    const state = new DocumentState(undefined);
    commit(state, bringing(1, 0, 9), deleting(1, 2, 4));
    expect(bring(state, deleting(1, 2, 4))).toBe("known");
    expect(bring(state, deleting(1, 3, 5))).toBe("new");
    expect(bring(state, deleting(1, 2, 5))).toBe("known");
    expect(bring(state, deleting(2, 0, 1))).toBe("new");
  });

  test("incomplete while earlier structs of its client are missing", () => {
    const state = new DocumentState(undefined);
    expect(bring(state, bringing(1, 5, 6))).toBe("incomplete");
    expect(state.hasGaps).toBeTrue();
    expect(bring(state, bringing(1, 8, 9))).toBe("incomplete");
    expect(bring(state, bringing(1, 0, 5))).toBe("new");
    expect(bring(state, bringing(1, 6, 8))).toBe("new");
    expect(state.hasGaps).toBeFalse();
  });

  test("known behind the gap of a Skip only once the gap is filled", () => {
    const state = new DocumentState(undefined);
    commit(state, Y.mergeUpdates([bringing(1, 0, 2), bringing(1, 5, 6)]));
    expect(read(state, bringing(1, 2, 5)).verdict).toBe("new");
    expect(Y.decodeStateVector(state.stateVector()).get(1)).toBe(2);
  });
});

describe("stored and forwarded is", () => {
  test("an update as it came, when all of it is new", () => {
    const state = new DocumentState(undefined);
    const { updates } = typed("a", "b");
    commit(state, ...updates.slice(0, 1));
    const [, second = emptyUpdate] = updates;
    expect(forwarded(state, second).update).toBe(second);
  });

  test("the new part of a whole state that a peer sends", () => {
    const state = new DocumentState(undefined);
    const { doc, updates } = typed(..."a text of some length", "!");
    doc.getText("text").delete(0, 2);
    commit(state, ...updates, ...typed("of someone else").updates);
    const sent: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => sent.push(update));
    doc.getText("text").delete(0, 1);
    doc.getText("text").insert(0, "new");
    const { update, contents } = forwarded(state, Y.encodeStateAsUpdate(doc));
    expect(structsOf([update])).toEqual(structsOf(sent));
    expect(deletesOf([update])).toEqual(deletesOf(sent));
    expect(clocksIn(contents.structs)).toEqual(structsOf(sent));
    expect(clocksIn(contents.deletes)).toEqual(deletesOf(sent));
  });

  test("nothing that is staged", () => {
    const { state, waiting, stage } = withStaged();
    stage(forwarded(state, bringing(1, 0, 5)).contents);
    stage(forwarded(state, deleting(1, 1, 2)).contents);
    expect(forwarded(state, bringing(1, 3, 7)).update).toEqual(bringing(1, 5, 7));
    expect(forwarded(state, deleting(1, 1, 3)).update).toEqual(deleting(1, 2, 3));
    waiting.discard();
    expect(forwarded(state, bringing(1, 3, 7)).update).toEqual(bringing(1, 3, 7));
  });

  test("the structs held behind a gap, together with those that fill the gap", () => {
    const state = new DocumentState(undefined);
    commit(state, bringing(1, 0, 2), bringing(1, 5, 6));
    expect(forwarded(state, bringing(1, 1, 8)).update).toEqual(bringing(1, 2, 8));
  });

  test("no struct that would make a client throw because it has different structs for the same clocks", () => {
    const garbage = bringing(2, 0, 2);
    const goesOn = updateBytes([{ client: 2, clock: 1, structs: [text("abcd", { parent: "text" })] }]);
    const client = new Y.Doc();
    Y.applyUpdate(client, garbage);
    expect(() => Y.applyUpdate(client, goesOn)).toThrow();
    const state = new DocumentState(undefined);
    commit(state, garbage);
    const other = new Y.Doc();
    for (const update of [garbage, forwarded(state, goesOn).update]) Y.applyUpdate(other, update);
    expect(Y.decodeStateVector(Y.encodeStateVector(other)).get(2)).toBe(5);
  });
});

describe("while it is staged, an update", () => {
  test("is known and not committed", () => {
    const { state, stage } = withStaged();
    const update = updateBytes([{ client: 1, clock: 0, structs: [text("ab")] }], [{ client: 2, ranges: [[0, 3]] }]);
    const { contents } = read(state, update);
    stage(contents);
    expect(read(state, update).verdict).toBe("known, staged");
    expect(read(state, deleting(2, 1, 2)).verdict).toBe("known, staged");
    state.commit(update, contents, 1);
    expect(read(state, update).verdict).toBe("known");
    expect(read(state, deleting(2, 1, 2)).verdict).toBe("known");
  });

  test("fills the gap that a later one would leave", () => {
    const { state, waiting, stage } = withStaged();
    stage(read(state, bringing(1, 0, 5)).contents);
    expect(read(state, bringing(1, 5, 6)).verdict).toBe("new");
    waiting.discard();
    expect(read(state, bringing(1, 5, 6)).verdict).toBe("incomplete");
  });

  test("counts neither for the state vector, nor for answers, nor for the size", () => {
    const { state, stage } = withStaged();
    stage(read(state, bringing(1, 0, 5)).contents);
    expect(state.stateVector()).toEqual(emptyVector);
    expect(answerOf(state, emptyVector)).toEqual(emptyUpdate);
    expect(state.bytes).toBe(0);
    expect(state.cut().rows).toEqual([]);
  });

  test("is new again once the staged updates are discarded", () => {
    const { state, waiting, stage } = withStaged();
    commit(state, bringing(1, 0, 1));
    stage(read(state, bringing(1, 1, 2)).contents);
    stage(read(state, deleting(1, 0, 1)).contents);
    waiting.discard();
    waiting.discard();
    expect(read(state, bringing(1, 1, 2)).verdict).toBe("new");
    expect(read(state, deleting(1, 0, 1)).verdict).toBe("new");
    expect(read(state, bringing(1, 0, 1)).verdict).toBe("known");
  });

  test("is known and not committed until its own commit, while those before it are committed with theirs", () => {
    const { state, waiting, stage } = withStaged();
    const updates = [bringing(1, 0, 1), bringing(1, 1, 2), deleting(1, 0, 1), bringing(1, 2, 3)];
    const queue = updates.map((update) => {
      const { contents } = read(state, update);
      return { update, contents, write: stage(contents) };
    });
    queue.forEach(({ update, contents, write }, index) => {
      waiting.stored(write, contents);
      state.commit(update, contents, index);
      const verdicts = updates.map((each) => read(state, each).verdict);
      expect(verdicts).toEqual(updates.map((_, other) => (other <= index ? "known" : "known, staged")));
    });
  });

  test("known from committed and staged updates together is not committed", () => {
    const { state, stage } = withStaged();
    commit(state, bringing(1, 0, 2));
    stage(read(state, bringing(1, 2, 4)).contents);
    expect(read(state, bringing(1, 1, 3)).verdict).toBe("known, staged");
  });
});

describe("a client with a state vector gets", () => {
  test("the empty update of an empty document, whatever its vector", () => {
    const state = new DocumentState(undefined);
    expect(answerOf(state, emptyVector)).toEqual(emptyUpdate);
    expect(answerOf(state, Y.encodeStateVector(typed("a").doc))).toEqual(emptyUpdate);
  });

  test("the same bytes as other clients with that vector until the next commit", () => {
    const state = new DocumentState(undefined);
    const { doc, updates } = typed("a", "b", "c");
    commit(state, ...updates.slice(0, 2));
    const vector = Y.encodeStateVectorFromUpdate(updates[0] ?? emptyUpdate);
    const [full, part] = [answerOf(state, emptyVector), answerOf(state, vector)];
    expect(answerOf(state, emptyVector)).toBe(full);
    expect(answerOf(state, vector.slice())).toBe(part);
    expect(answerOf(state, Y.encodeStateVector(doc))).not.toBe(part);
    commit(state, ...updates.slice(2));
    expect(answerOf(state, emptyVector)).not.toBe(full);
    expect(answerOf(state, emptyVector)).toEqual(Y.mergeUpdates([...updates]));
    expect(answerOf(state, vector)).not.toEqual(part);
  });

  test("its own answer, even if the frame of the vector is used again", () => {
    const state = new DocumentState(undefined);
    commit(state, bringing(1, 0, 5));
    const frame = Y.encodeStateVector(new Map([[1, 2]]));
    answerOf(state, frame);
    frame.set(Y.encodeStateVector(new Map([[1, 4]])));
    expect(answerOf(state, frame)).toEqual(bringing(1, 4, 5));
  });

  test("all deletes, even if it lacks nothing else", () => {
    const { doc, updates } = typed("some text");
    doc.getText("text").delete(0, 4);
    const state = new DocumentState(undefined);
    commit(state, ...updates);
    const { structs, ds } = Y.decodeUpdate(answerOf(state, Y.encodeStateVector(doc)));
    expect(structs).toEqual([]);
    expect([...ds.clients.keys()]).toEqual([doc.clientID]);
  });

  test("a single update, or a base without a tail, as it was stored", () => {
    const state = new DocumentState(undefined);
    const [update = emptyUpdate] = typed("a").updates;
    commit(state, update);
    expect(answerOf(state, emptyVector)).toEqual(update);
    compact(state);
    const [base] = unpackUpdates(state.cut());
    expect(answerOf(state, emptyVector)).toEqual(base ?? emptyUpdate);
  });

  test("a large base as it is, before the tail, since merging would take longer than sending both", () => {
    const { state, doc } = withLargeBase();
    const [base] = unpackUpdates(state.cut());
    const { before, update } = state.answer(emptyVector);
    expect(before).toEqual([base ?? emptyUpdate]);
    const client = new Y.Doc();
    for (const each of [...before, update]) Y.applyUpdate(client, each);
    expect(Y.equalSnapshots(Y.snapshot(client), Y.snapshot(doc))).toBeTrue();
  });

  test("only the tail and all deletes when it has the base", () => {
    const { state, doc, baseVector } = withLargeBase();
    const { before, update, covered } = state.answer(baseVector);
    const bytes = [...before, update].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(bytes).toBeLessThan(state.baseBytes / 100);
    expect(structsOf([...before, update])).toEqual([[1, [[20_000, 20_001]]]]);
    expect(deletesOf([...before, update])).toEqual(deletesOf([Y.encodeStateAsUpdate(doc)]));
    expect([...(covered ?? [])]).toEqual([[1, 20_000]]);
  });

  test("the parts of a large base and of the tail that it lacks", () => {
    const { state, doc } = withLargeBase();
    const client = new Y.Doc();
    Y.applyUpdate(client, bringing(1, 0, 300));
    const { before, update, covered } = state.answer(Y.encodeStateVector(client));
    expect([...(covered ?? [])]).toEqual([[1, 300]]);
    for (const each of [...before, update]) Y.applyUpdate(client, each);
    expect(Y.encodeStateVector(client)).toEqual(Y.encodeStateVector(doc));
  });

  test("a DecodeError when the vector is malformed", () => {
    expect(() => new DocumentState(undefined).answer(Uint8Array.of(0, 0))).toThrow(DecodeError);
  });
});

describe("stored and loaded, a document", () => {
  test("has the same structs, gaps and deletes", () => {
    const state = new DocumentState({
      base: { row: 7, update: bringing(1, 0, 5), summary: undefined },
      tail: [
        { row: 8, update: bringing(2, 3, 4) },
        { row: 9, update: deleting(1, 1, 2) },
      ],
      quarantined: [],
      sequence: 0,
    });
    expect(read(state, bringing(1, 0, 5)).verdict).toBe("known");
    expect(read(state, deleting(1, 1, 2)).verdict).toBe("known");
    expect(state.hasGaps).toBeTrue();
    expect(state.cut().rows).toEqual([7, 8, 9]);
    expect(state.baseBytes).toBe(bringing(1, 0, 5).byteLength);
    expect(state.tailBytes).toBe(bringing(2, 3, 4).byteLength + deleting(1, 1, 2).byteLength);
    expect(state.bytes).toBe(state.baseBytes + state.tailBytes);
  });

  test("is rejected, with the number of the row, when a row is not an update", () => {
    const corrupt = { row: 12, update: Uint8Array.of(1, 2, 3) };
    const load = (stored: ConstructorParameters<typeof DocumentState>[0]) => () => new DocumentState(stored);
    expect(load({ base: { ...corrupt, summary: undefined }, tail: [], quarantined: [], sequence: 0 })).toThrow(
      StoreError,
    );
    expect(load({ base: undefined, tail: [corrupt], quarantined: [], sequence: 0 })).toThrow("row 12");
  });
});

describe("a compaction", () => {
  test("replaces its cut, and updates committed since remain the tail", () => {
    const state = new DocumentState(undefined);
    const { doc, updates } = typed("a", "b", "c", "d");
    commit(state, ...updates.slice(0, 2));
    const base = compactUpdates(updates.slice(0, 2)).base;
    compactState(
      state,
      () => 1_000,
      () => commit(state, ...updates.slice(2)),
    );
    expect(state.cut().rows).toEqual([1_000, row - 1, row]);
    expect(unpackUpdates(state.cut())).toEqual([base, ...updates.slice(2)]);
    expect(state.tailBytes).toBe(updates.slice(2).reduce((bytes, update) => bytes + update.byteLength, 0));
    expect(Y.encodeStateVectorFromUpdate(answerOf(state, emptyVector))).toEqual(Y.encodeStateVector(doc));
  });

  test("has a cut that does not change while other updates are committed", () => {
    const state = new DocumentState(undefined);
    const { updates } = typed(..."a text that makes the log grow several times over");
    commit(state, ...updates.slice(0, 5));
    const cut = state.cut();
    commit(state, ...updates.slice(5));
    expect(unpackUpdates(cut)).toEqual(updates.slice(0, 5));
  });

  test("of a document without base and with an empty tail works", () => {
    const state = new DocumentState(undefined);
    compact(state);
    compact(state);
    expect(answerOf(state, emptyVector)).toEqual(emptyUpdate);
  });
});

describe("a client that reconnects ten times with a document full of deletions", () => {
  /** The SyncStep2 of y-websocket: the structs that the server lacks, and all deletes. */
  const syncStep2 = (doc: Y.Doc, state: DocumentState) => Y.encodeStateAsUpdate(doc, state.stateVector());
  const times = Array.from({ length: 10 }, (_, index) => index);

  test("brings nothing new when the text was deleted as text", () => {
    const state = new DocumentState(undefined);
    const { doc, updates } = typed("a long text");
    for (let at = 0; at < 5; at += 1) doc.getText("text").delete(at, 1);
    commit(state, ...updates);
    expect(times.map(() => bring(state, syncStep2(doc, state)))).toEqual(times.map(() => "known"));
    compact(state);
    expect(times.map(() => bring(state, syncStep2(doc, state)))).toEqual(times.map(() => "known"));
    expect(state.tailBytes).toBe(0);
  });

  /**
   * Two clients set the same key concurrently. A client that integrates both deletes one, without an update that says
   * so.
   */
  function integratesConflict(state: DocumentState): Y.Doc {
    const docs = [new Y.Doc(), new Y.Doc()];
    docs.forEach((doc, index) => {
      doc.getMap("map").set("key", index);
    });
    for (const doc of docs) commit(state, Y.encodeStateAsUpdate(doc));
    const [client = new Y.Doc()] = docs;
    Y.applyUpdate(client, answerOf(state, Y.encodeStateVector(client)));
    return client;
  }

  test("brings the deletes that Yjs made by itself once, and nothing new from then on", () => {
    const state = new DocumentState(undefined);
    const client = integratesConflict(state);
    const [first, ...later] = times.map(() => bring(state, syncStep2(client, state)));
    expect(first).toBe("new");
    expect(later).toEqual(later.map(() => "known"));
  });

  test("brings nothing new when a compaction made the same deletes", () => {
    const state = new DocumentState(undefined);
    const client = integratesConflict(state);
    // The deletes are read here, so that those of the compacted base have to replace them.
    expect(read(state, deleting(7, 0, 1)).verdict).toBe("new");
    compact(state);
    expect(times.map(() => bring(state, syncStep2(client, state)))).toEqual(times.map(() => "known"));
  });
});

describe("a document that is unloaded and read again has", () => {
  const updates = [bringing(1, 0, 1), bringing(2, 0, 1), bringing(3, 0, 1), bringing(4, 0, 1), bringing(5, 0, 1)];
  const stored = updates.map((update, index) => ({ row: index + 1, update }));
  const rowsOf = (...rows: readonly number[]) => stored.filter(({ row: each }) => rows.includes(each));
  const take = (state: DocumentState, ...rows: readonly number[]) => {
    for (const { row: each, update } of rowsOf(...rows)) state.commit(update, contentsOf(update), each);
  };

  test("exactly the rows that were committed to it, also if other writers have committed rows between them", () => {
    const state = new DocumentState(undefined);
    take(state, 1);
    state.unload();
    take(state, 4);
    const loaded = state.expectContent();
    take(state, 3);
    loaded({ base: undefined, tail: stored, quarantined: [], sequence: 0 }, nothingRead);
    expect(state.cut().rows).toEqual([1, 4, 3]);
    take(state, 2, 5);
    expect(state.cut().rows).toEqual([1, 4, 3, 2, 5]);
  });

  test("the rows that were committed during an attempt to read it that has failed", () => {
    const state = new DocumentState(undefined);
    state.unload();
    state.expectContent();
    take(state, 2);
    const loaded = state.expectContent();
    loaded({ base: undefined, tail: stored, quarantined: [], sequence: 0 }, nothingRead);
    expect(state.cut().rows).toEqual([2]);
    state.unload();
    state.expectContent()({ base: undefined, tail: stored, quarantined: [], sequence: 0 }, nothingRead);
    expect(state.cut().rows).toEqual([2]);
  });
});
