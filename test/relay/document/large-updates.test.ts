import { describe, expect, test } from "bun:test";
import { DocumentState } from "../../../src/relay/document/document-state.ts";
import { readLargeParts } from "../../../src/relay/document/reading/stored-contents.ts";
import { nothingStaged, WaitingUpdates, type WaitingWrite } from "../../../src/relay/document/waiting-updates.ts";
import { encodeSummary } from "../../../src/relay/update/base-summary.ts";
import { contentsOf, countsOf } from "../../../src/relay/update/update-contents.ts";
import { compactState } from "../../support/bytes/document-states.ts";
import { bringing, deleting, gc, updateBytes } from "../../support/bytes/update-bytes.ts";
import { clocksIn, structsOf } from "../../support/bytes/y-doc-facts.ts";
import { finish } from "../../support/steps.ts";

/** One struct of each of the clients. */
function ofClients(from: number, to: number): Uint8Array {
  return updateBytes(
    Array.from({ length: to - from }, (_, index) => ({ client: to - 1 - index, clock: 0, structs: [gc(2)] })),
  );
}

function classifyInSteps(state: DocumentState, update: Uint8Array, between?: () => void) {
  return finish(state.classifyInSteps({ update, contents: contentsOf(update) }), between);
}

/** A document, and the updates of it that wait for the store. */
function withStaged() {
  const waiting = new WaitingUpdates<WaitingWrite>();
  const state = new DocumentState(undefined, waiting);
  const stage = (update: Uint8Array) => {
    const contents = contentsOf(update);
    const write = { bytes: update.byteLength };
    waiting.include(contents);
    waiting.add(write);
    return (row: number) => {
      waiting.stored(write, contents);
      state.commit(update, contents, row);
    };
  };
  return { state, waiting, stage };
}

const large = ofClients(10, 20_010);

describe("a large update", () => {
  test("is compared in steps", () => {
    let steps = 0;
    const verdict = classifyInSteps(new DocumentState(undefined), large, () => {
      steps += 1;
    });
    expect(verdict).toMatchObject({ kind: "new", update: large });
    expect(steps).toBeGreaterThan(3);
  });

  test("is known while it is staged, and held once it is committed", () => {
    const { state, waiting, stage } = withStaged();
    stage(bringing(3, 0, 5))(1);
    const commit = stage(large);
    stage(bringing(4, 0, 1));
    expect(classifyInSteps(state, large)).toEqual({ kind: "known", committed: false });
    commit(2);
    expect(classifyInSteps(state, large)).toEqual({ kind: "known", committed: true });
    expect(state.counts).toMatchObject({ clients: 20_001, structs: 20_001 });
    expect(waiting.structs).toHaveLength(1);
    expect(classifyInSteps(state, bringing(3, 0, 5)).kind).toBe("known");
  });

  test("is not known any more when the store has given up", () => {
    const { state, waiting, stage } = withStaged();
    stage(large);
    waiting.discard();
    expect(classifyInSteps(state, large).kind).toBe("new");
  });

  test("is compared again when a part of it is staged meanwhile", () => {
    const { state, stage } = withStaged();
    let staged = false;
    const verdict = classifyInSteps(state, large, () => {
      if (!staged) stage(ofClients(10, 5_010));
      staged = true;
    });
    if (verdict.kind === "known") throw new Error("known");
    expect(structsOf([verdict.update])).toEqual(structsOf([ofClients(5_010, 20_010)]));
    expect(clocksIn(verdict.contents.structs)).toEqual(structsOf([ofClients(5_010, 20_010)]));
  });

  test("is not compared again for what others stage meanwhile", () => {
    const steps = (meanwhile?: Uint8Array) => {
      const { state, stage } = withStaged();
      let count = 0;
      classifyInSteps(state, large, () => {
        if (count === 1 && meanwhile !== undefined) stage(meanwhile);
        count += 1;
      });
      return count;
    };
    const alone = steps();
    expect(steps(bringing(5, 0, 3))).toBe(alone);
    expect(steps(bringing(50, 0, 3))).toBeGreaterThan(alone);
  });
});

test("a stored document with large updates is read in steps, and is the same as one that is read at once", () => {
  const ranges = Array.from({ length: 20_000 }, (_, index) => [2 * index, 1] as const);
  const deletes = updateBytes([{ client: 3, clock: 0, structs: [gc(50_000)] }], [{ client: 3, ranges }]);
  const base = { row: 1, update: deletes, summary: undefined };
  const summary = encodeSummary(contentsOf(deletes));
  for (const stored of [
    {
      tail: [
        { row: 2, update: large },
        { row: 3, update: deletes },
        { row: 4, update: deleting(3, 1, 2) },
      ],
    },
    {
      base,
      tail: [
        { row: 2, update: large },
        { row: 3, update: deleting(3, 1, 2) },
      ],
    },
    { base: { ...base, summary }, tail: [] },
    { base: { row: 1, update: large, summary: encodeSummary(contentsOf(large)) }, tail: [] },
  ].map((each) => ({ base: undefined, quarantined: [], sequence: 0, ...each }))) {
    let steps = 0;
    const parts = finish(readLargeParts(stored), () => {
      steps += 1;
    });
    expect(steps).toBeGreaterThan(1);
    const [inSteps, atOnce] = [new DocumentState(stored, nothingStaged(), parts), new DocumentState(stored)];
    expect(inSteps.counts).toEqual(atOnce.counts);
    expect(inSteps.stateVector()).toEqual(atOnce.stateVector());
    for (const update of [large, deletes, deleting(3, 1, 2), deleting(3, 3, 4)]) {
      expect(classifyInSteps(inSteps, update).kind).toBe(classifyInSteps(atOnce, update).kind);
    }
  }
});

test("a document counts its structs and deleted ranges, and after a compaction those that are left", () => {
  const { state, stage } = withStaged();
  let row = 0;
  const commit = (update: Uint8Array) => {
    row += 1;
    stage(update)(row);
  };
  commit(
    updateBytes(
      [{ client: 1, clock: 0, structs: [gc(1), gc(1), gc(1)] }],
      [
        {
          client: 1,
          ranges: [
            [0, 1],
            [2, 1],
          ],
        },
      ],
    ),
  );
  expect(state.counts).toEqual({ structs: 3, clients: 1, deletedRanges: 2 });
  compactState(
    state,
    () => 9,
    () => commit(updateBytes([{ client: 2, clock: 0, structs: [gc(1), gc(1)] }])),
  );
  // Yjs joins the garbage, and garbage needs no deleted range.
  const { structs } = countsOf(contentsOf(updateBytes([{ client: 1, clock: 0, structs: [gc(3)] }])));
  expect(state.counts).toEqual({ structs: structs + 2, clients: 2, deletedRanges: expect.any(Number) });
  commit(deleting(2, 0, 1));
  expect(state.counts.deletedRanges).toBeGreaterThan(0);
});
