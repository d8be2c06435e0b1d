import { expect, test } from "bun:test";
import * as Y from "yjs";
import { IdSet } from "../../../src/relay/update/id-set.ts";
import { trimInSteps } from "../../../src/relay/update/large/trim-in-steps.ts";
import { type DecodedUpdate, type Repetition, trimUpdate } from "../../../src/relay/update/trim-update.ts";
import { contentsOf, type UpdateContents } from "../../../src/relay/update/update-contents.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { deleting, gc, updateBytes } from "../../support/bytes/update-bytes.ts";
import { clocksIn, deletesOf, structsOf } from "../../support/bytes/y-doc-facts.ts";
import { RandomEditor } from "../../support/clients/random-editors.ts";
import { finish } from "../../support/steps.ts";

function clocks(...entries: readonly (readonly [client: number, start: number, end: number])[]): IdSet {
  const set = new IdSet();
  for (const entry of entries) set.add(...entry);
  return set;
}

const none: ReadonlyMap<number, number> = new Map();

test("only deletes that are not repeated are written, in the order of Yjs", () => {
  const update = updateBytes(
    [{ client: 7, clock: 0, structs: [gc(1)] }],
    [
      { client: 1, ranges: [[5, 1]] },
      { client: 3, ranges: [[0, 9]] },
      { client: 9, ranges: [[0, 8]] },
    ],
  );
  const deletes = [clocks([3, 0, 4], [9, 2, 4]), clocks([3, 4, 9], [9, 7, 8])];
  expect(trim(update, { structs: none, deletes })).toEqual(
    updateBytes(
      [{ client: 7, clock: 0, structs: [gc(1)] }],
      [
        {
          client: 9,
          ranges: [
            [0, 2],
            [4, 3],
          ],
        },
        { client: 1, ranges: [[5, 1]] },
      ],
    ),
  );
});

test("an update whose structs are all repeated has none left", () => {
  const update = updateBytes([{ client: 7, clock: 3, structs: [gc(2)] }], [{ client: 7, ranges: [[3, 1]] }]);
  expect(trim(update, { structs: new Map([[7, 5]]), deletes: [] })).toEqual(deleting(7, 3, 4));
});

const ways = [
  ["at once", trimUpdate],
  ["in steps", (read: DecodedUpdate, repeated: Repetition) => finish(trimInSteps(read, repeated))],
] as const;

test.each(ways)(
  "%s, what is left of an update counts with no fewer structs and deleted ranges than it has",
  (_, trimmed) => {
    const update = updateBytes(
      [{ client: 7, clock: 0, structs: [gc(1), gc(1), gc(1), gc(1)] }],
      [{ client: 9, ranges: [[0, 9]] }],
    );
    const repeated = { structs: new Map([[7, 1]]), deletes: [clocks([9, 2, 3], [9, 5, 6])] };
    const { contents, update: rest } = trimmed({ update, contents: contentsOf(update) }, repeated);
    expect(contentsOf(rest).counts).toEqual({ structs: 3, deletedRanges: 3 });
    expect(contents.counts?.structs).toBeGreaterThanOrEqual(3);
    expect(contents.counts?.deletedRanges).toBe(3);
  },
);

test.each(ways)("%s, an update cut at a state vector equals the one that Yjs makes", (_, trimmed) => {
  withSeeds(60, (random) => {
    const update = history(random);
    for (let times = 0; times < 10; times += 1) {
      const { structs: brought } = contentsOf(update);
      const structs = new Map([...brought].map(([client, { end }]) => [client, random.integer(end + 2)] as const));
      const cut = trimmed({ update, contents: contentsOf(update) }, { structs, deletes: [] });
      expect(cut.update).toEqual(Y.diffUpdate(update, Y.encodeStateVector(structs)));
      expectSame(cut.contents, cut.update);
    }
  });
});

test.each(ways)("%s, an update without its repeated deletes keeps the others and all its structs", (_, trimmed) => {
  withSeeds(60, (random) => {
    const update = history(random);
    const contents = contentsOf(update);
    const some = clocks(...cuts(random, contents.deletes));
    const rest = trimmed({ update, contents }, { structs: none, deletes: [some] });
    expect(deletesOf([rest.update])).toEqual(clocksIn(contents.deletes.without([some])));
    expect(rest.contents.deletes.overlaps([some])).toBeFalse();
    expect(structsOf([rest.update])).toEqual(structsOf([update]));
    expectSame(rest.contents, rest.update);
  });
});

function trim(update: Uint8Array, repeated: Repetition): Uint8Array {
  return trimUpdate({ update, contents: contentsOf(update) }, repeated).update;
}

function expectSame(actual: UpdateContents, update: Uint8Array): void {
  const expected = contentsOf(update);
  expect(clocksIn(actual.structs)).toEqual(clocksIn(expected.structs));
  expect(clocksIn(actual.deletes)).toEqual(clocksIn(expected.deletes));
  expect(actual.structBytes).toBe(expected.structBytes);
  expect(actual.isEmpty).toBe(expected.isEmpty);
}

/** A part of each range. */
function cuts(random: Random, set: IdSet): (readonly [client: number, start: number, end: number])[] {
  return [...set].flatMap(([client, ranges]) =>
    [...ranges].map(([start, end]) => {
      const from = start + random.integer(end - start);
      return [client, from, from + random.integer(end - from + 1)] as const;
    }),
  );
}

/** Most of the updates of several editors, merged. */
function history(random: Random): Uint8Array {
  const editors = [new RandomEditor(random), new RandomEditor(random)];
  for (let step = 0; step < 25; step += 1) {
    const editor = random.pick(editors);
    editor.edit();
    if (random.chance(0.3)) random.pick(editors).receive(Y.encodeStateAsUpdate(editor.doc));
  }
  const sent = editors.flatMap((editor) => editor.sent);
  return Y.mergeUpdates([...random.some(sent, random.pick([0.5, 1])), Uint8Array.of(0, 0)]);
}
