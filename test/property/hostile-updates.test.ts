import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { DocumentState } from "../../src/relay/document/document-state.ts";
import { decodeContents } from "../../src/relay/update/update-contents.ts";
import { answerOf, classify } from "../support/bytes/document-states.ts";
import { invent, mutate, session } from "../support/bytes/mutations.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { structsOf } from "../support/bytes/y-doc-facts.ts";
import { typedDoc } from "../support/clients/random-editors.ts";

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

test("no accepted set of contradictory updates does either", () => {
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

/**
 * Checks that an update harms neither a client that receives it alone, nor clients of a relay that receive others as
 * well.
 */
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
 * The forwarded updates, of those that leave no gap.
 *
 * Two updates with different structs for the same clocks behind a gap are not detected: a client that has one of them
 * pending can throw at the other. To prevent that, updates would have to be cut at both ends, and clients of honest
 * writers could then keep them pending for ever.
 */
function relay(state: DocumentState, received: Uint8Array): Uint8Array[] {
  return classify(state, received).kind === "incomplete" ? [] : store(state, received);
}

/** The answer to a client that joins after all of these updates, whether they leave gaps or not. */
function stateOf(received: readonly Uint8Array[]): Uint8Array {
  const state = new DocumentState(undefined);
  for (const each of received) store(state, each);
  return answerOf(state, Uint8Array.of(0));
}

function store(state: DocumentState, received: Uint8Array): Uint8Array[] {
  const verdict = classify(state, received);
  if (verdict.kind === "malformed" || verdict.kind === "known") return [];
  state.commit(verdict.update, verdict.contents, 0);
  return [verdict.update];
}
