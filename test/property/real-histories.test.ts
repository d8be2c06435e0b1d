import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { DocumentState } from "../../src/relay/document/document-state.ts";
import { answerOf, classify, compactState } from "../support/bytes/document-states.ts";
import { readHistory } from "../support/bytes/histories.ts";
import { Random } from "../support/bytes/random.ts";

setDefaultTimeout(120_000);

/** Relays a history: known updates are not stored, and stored ones are compacted from time to time. */
class Relay {
  readonly state = new DocumentState(undefined);
  stored = 0;

  receive(update: Uint8Array): string {
    const verdict = classify(this.state, update);
    if (verdict.kind === "new" || verdict.kind === "incomplete") {
      this.stored += 1;
      this.state.commit(verdict.update, verdict.contents, this.stored);
    }
    if (this.state.tailBytes > Math.max(64_000, this.state.baseBytes / 2)) this.compact();
    return verdict.kind;
  }

  compact(): void {
    compactState(this.state, () => ++this.stored);
  }
}

describe.each([
  ["automerge-paper", 30_000],
  ["friendsforever", 26_078],
] as const)("the history %s", (name, transactions) => {
  const history = readHistory(name, transactions);
  if (history === undefined) console.warn(`${name}.json.gz is not at hand: its tests are skipped`);

  test.skipIf(history === undefined)("is relayed completely, each update once, with compactions in between", () => {
    const { updates, text } = history ?? { updates: [], text: "" };
    const random = new Random(1);
    const relay = new Relay();
    updates.forEach((update, index) => {
      expect(relay.receive(update)).toBe("new");
      const earlier = updates[random.integer(index + 1)];
      if (random.chance(0.1) && earlier !== undefined) expect(relay.receive(earlier)).toBe("known");
    });
    const joiner = new Y.Doc();
    Y.applyUpdate(joiner, answerOf(relay.state, Uint8Array.of(0)));
    expect(joiner.getText("text").toString()).toBe(text);
    expect(relay.state.stateVector()).toEqual(Y.encodeStateVector(joiner));
    expect(relay.receive(Y.encodeStateAsUpdate(joiner, relay.state.stateVector()))).toBe("known");
  });

  test.skipIf(history === undefined)("arrives completely when updates come late, twice and out of order", () => {
    const { updates, text } = history ?? { updates: [], text: "" };
    const relay = new Relay();
    for (const update of disordered(new Random(2), updates)) relay.receive(update);
    const joiner = new Y.Doc();
    Y.applyUpdate(joiner, answerOf(relay.state, Uint8Array.of(0)));
    expect(joiner.getText("text").toString()).toBe(text);
    expect(relay.state.hasGaps).toBeFalse();
    expect(relay.state.stateVector()).toEqual(Y.encodeStateVector(joiner));
  });
});

function* disordered(random: Random, updates: readonly Uint8Array[]): Generator<Uint8Array> {
  const late: Uint8Array[] = [];
  for (let index = 0; index < updates.length; index += 50) {
    const some = random.shuffled(updates.slice(index, index + 50));
    late.push(...some.splice(0, 5));
    yield* some;
    yield* random.some(some, 0.1);
    if (random.chance(0.5)) yield* random.shuffled(late.splice(0));
  }
  yield* late;
}
