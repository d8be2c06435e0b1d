import { expect, setDefaultTimeout, test } from "bun:test";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { DocumentState } from "../../src/relay/document-state.ts";
import { decodeContents } from "../../src/relay/update-contents.ts";
import { answerOf, classify } from "../support/document-states.ts";
import { type Random, withSeeds } from "../support/random.ts";
import { RandomEditor, typedDoc } from "../support/random-editors.ts";
import { bytes, gc, item, sequence, skip, string, updateBytes, type Write } from "../support/update-bytes.ts";
import { structsOf } from "../support/y-doc-facts.ts";

setDefaultTimeout(120_000);

const empty = Uint8Array.of(0, 0);
const isAccepted = (update: Uint8Array) => decodeContents(update).kind === "contents";

test("no accepted mutation makes a client throw, or a merge throw or lose structs", () => {
  let mutations = 0;
  let accepted = 0;
  withSeeds(200, (random) => {
    const updates = session(random);
    for (let count = 0; count < 101; count += 1) {
      const mutated = mutate(random, updates);
      mutations += 1;
      if (!isAccepted(mutated)) continue;
      accepted += 1;
      expectHarmless(random, mutated, { before: random.some(updates, 0.2), after: random.some(updates, 0.2) });
      expectMergeable([mutated, random.pick(updates), random.pick(updates)]);
    }
  });
  expect(mutations).toBeGreaterThanOrEqual(20_000);
  expect(accepted).toBeGreaterThan(3_000);
});

test("no accepted updates that nobody can have made do", () => {
  let accepted = 0;
  withSeeds(1_500, (random) => {
    const [first = empty, ...others] = Array.from({ length: 7 }, () => invent(random)).filter(isAccepted);
    accepted += 1 + others.length;
    const count = random.integer(others.length + 1);
    expectHarmless(random, first, { before: others.slice(0, count), after: others.slice(count) });
    expectMergeable([first, ...others]);
  });
  expect(accepted).toBeGreaterThan(3_000);
});

interface Others {
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
}

/** Neither to a client that gets it alone, nor to those of a relay that others are sent to as well. */
function expectHarmless(random: Random, update: Uint8Array, { before, after }: Others): void {
  const alone = typedDoc();
  Y.applyUpdate(alone, update);
  const received = [...before, update, ...after];
  const joiner = typedDoc();
  Y.applyUpdate(joiner, stateOf(received));
  const state = new DocumentState(undefined);
  const forwarded = received.flatMap((each) => relay(state, each));
  const live = typedDoc();
  apply(live, forwarded);
  const late = typedDoc();
  apply(late, random.shuffled(random.some(forwarded, random.pick([0, 0.5]))));
  apply(late, [answerOf(state, Y.encodeStateVector(late))]);
  for (const doc of [alone, joiner, live, late]) expect(isAccepted(Y.encodeStateAsUpdate(doc))).toBeTrue();
}

function expectMergeable(updates: readonly Uint8Array[]): void {
  const merged = Y.mergeUpdates([...updates, empty]);
  expect(structsOf([merged])).toEqual(structsOf(updates));
  expect(isAccepted(merged)).toBeTrue();
  for (const update of updates.slice(0, 2)) Y.diffUpdate(merged, Y.encodeStateVectorFromUpdate(update));
}

function apply(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  for (const update of updates) Y.applyUpdate(doc, update);
}

/**
 * What is forwarded, of what leaves no gap.
 *
 * Two updates that bring different structs for the same clocks behind a gap are not found out: a client that has one of
 * them pending can throw at the other. Those would have to be cut at both ends, and clients of honest writers could
 * then keep them pending for ever.
 */
function relay(state: DocumentState, received: Uint8Array): Uint8Array[] {
  return classify(state, received).kind === "incomplete" ? [] : store(state, received);
}

/** What someone gets who joins after all of these, whether they leave gaps or not. */
function stateOf(received: readonly Uint8Array[]): Uint8Array {
  const state = new DocumentState(undefined);
  for (const each of received) store(state, each);
  return answerOf(state, Uint8Array.of(0));
}

function store(state: DocumentState, received: Uint8Array): Uint8Array[] {
  const verdict = classify(state, received);
  if (verdict.kind === "malformed" || verdict.kind === "known") return [];
  state.stage(verdict.contents);
  state.commit(verdict.update, verdict.contents, 0);
  return [verdict.update];
}

/** Two people's edits, and merges of some. */
function session(random: Random): readonly Uint8Array[] {
  const editors = [new RandomEditor(random), new RandomEditor(random)];
  for (let step = 0; step < 8; step += 1) {
    const editor = random.pick(editors);
    editor.edit();
    if (random.chance(0.4)) random.pick(editors).receive(Y.encodeStateAsUpdate(editor.doc));
  }
  const sent = editors.flatMap((editor) => editor.sent);
  const merged = [0.2, 0.5, 1].map((share) => Y.mergeUpdates([...random.some(sent, share), empty]));
  return [...sent, ...merged];
}

function mutate(random: Random, updates: readonly Uint8Array[]): Uint8Array {
  const original = [...random.pick(updates)];
  const at = random.integer(original.length);
  const some = () => Array.from({ length: 1 + random.integer(3) }, () => random.pick([0, 1, 2, 127, 128, 255, 7]));
  const mutation = random.pick<() => number[]>([
    () => original.map((byte, index) => (index === at ? byte ^ (1 << random.integer(8)) : byte)),
    () => original.map((byte) => (random.chance(2 / original.length) ? byte ^ (1 << random.integer(8)) : byte)),
    () => original.map((byte) => (random.chance(2 / original.length) ? random.integer(256) : byte)),
    () => original.slice(0, at),
    () => original.toSpliced(at, 0, ...some()),
    () => original.toSpliced(at, random.integer(3), ...some()),
    () => original.toSpliced(at, 0, ...original.slice(at, at + 1 + random.integer(20))),
    () => [...original.slice(0, at), ...cutFrom(random, random.pick(updates))],
  ]);
  return Uint8Array.from(mutation());
}

function cutFrom(random: Random, update: Uint8Array): Uint8Array {
  return update.subarray(random.integer(update.length));
}

/** Well-formed, of few clients and clocks, so that updates contradict one another. */
function invent(random: Random): Uint8Array {
  const clients = random.some([4, 3, 2, 1], 0.5);
  const sections = clients.map((client) => {
    const clock = random.integer(4);
    return { client, clock, structs: Array.from({ length: 1 + random.integer(3) }, () => inventStruct(random)) };
  });
  const deletes = random.some([1, 2, 3, 4], 0.3).map((client) => {
    const ranges = [
      [random.integer(5), 1 + random.integer(3)],
      [8 + random.integer(5), 1],
    ] as const;
    return { client, ranges };
  });
  return updateBytes(sections, deletes);
}

function inventStruct(random: Random): Write {
  const id = () => [1 + random.integer(4), random.integer(6)] as const;
  const place = random.pick([
    () => ({ origin: id() }),
    () => ({ rightOrigin: id() }),
    () => ({ origin: id(), rightOrigin: id() }),
    () => ({ parent: random.pick(["text", "rich", "list", "map", "xml", "else"]) }),
    () => ({ parent: random.pick(["text", "rich", "list", "map", "xml", "else"]), key: random.pick(["one", "two"]) }),
    () => ({ parent: id() }),
    () => ({ parent: id(), key: random.pick(["one", "two"]) }),
  ])();
  const any = (encoder: encoding.Encoder) => encoding.writeAny(encoder, { any: [1] });
  return random.pick([
    () => gc(1 + random.integer(4)),
    () => skip(1 + random.integer(2)),
    () => item(1, bytes(1 + random.integer(4)), place),
    () => item(2, sequence(bytes(2), string("1"), string("[2]")), place),
    () => item(3, bytes(2, 1, 2), place),
    () => item(4, string(random.pick(["a", "bc", "def"])), place),
    () => item(5, string('{"image":1}'), place),
    () => item(6, sequence(string("bold"), string(random.pick(["true", "null"]))), place),
    () => item(7, bytes(random.pick([0, 1, 2, 4, 6])), place),
    () => item(7, sequence(bytes(random.pick([3, 5])), string("p")), place),
    () => item(8, sequence(bytes(2), any, any), place),
    () =>
      item(
        9,
        sequence(string("guid"), (encoder) => encoding.writeAny(encoder, { autoLoad: true })),
        place,
      ),
  ])();
}
