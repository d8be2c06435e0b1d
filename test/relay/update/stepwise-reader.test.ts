import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as decoding from "lib0/decoding";
import { StepwiseReader } from "../../../src/relay/update/large/stepwise-reader.ts";
import { BoundError, unbounded } from "../../../src/relay/update/large/update-bounds.ts";
import { ContentsReader, countsOf, decodeContents } from "../../../src/relay/update/update-contents.ts";
import { invent, mutate, session } from "../../support/bytes/mutations.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { gc, updateBytes } from "../../support/bytes/update-bytes.ts";
import { clocksIn } from "../../support/bytes/y-doc-facts.ts";

setDefaultTimeout(60_000);

/** An update of clients with `structs` structs each that deletes `ranges` ranges of each of `deletingClients`. */
function wide({ clients = 0, structs = 1, deletingClients = 0, ranges = 1 }): Uint8Array {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => count - index);
  return updateBytes(
    ids(clients).map((client) => ({ client, clock: 0, structs: Array.from({ length: structs }, () => gc(1)) })),
    ids(deletingClients).map((client) => ({
      client,
      ranges: Array.from({ length: ranges }, (_, index) => [2 * index, 1] as const),
    })),
  );
}

function readInSteps(update: Uint8Array, stepBytes: () => number) {
  const reader = new ContentsReader(update);
  let read: ReturnType<ContentsReader["step"]>;
  do read = reader.step(stepBytes());
  while (read === undefined);
  return read;
}

function inWords(read: ReturnType<typeof readInSteps>) {
  if (read.kind !== "contents") return read;
  const { structs, deletes, structBytes, isEmpty } = read;
  return { structs: clocksIn(structs), deletes: clocksIn(deletes), structBytes, isEmpty };
}

function expectAgreement(random: Random, update: Uint8Array): boolean {
  const atOnce = decodeContents(update);
  const stepBytes = random.pick([() => 0, () => 1, () => random.integer(40), () => Number.POSITIVE_INFINITY]);
  const read = readInSteps(update, stepBytes);
  expect(inWords(read)).toEqual(inWords(atOnce));
  if (atOnce.kind !== "contents" || read.kind !== "contents") return false;
  if (atOnce.counts !== undefined) expect(read.counts?.deletedRanges).toBe(atOnce.counts.deletedRanges);
  // The count that an update states includes its gaps.
  expect(countsOf(read).structs).toBeGreaterThanOrEqual(atOnce.counts?.structs ?? 0);
  return true;
}

test("an update is read in steps of any size as it is read at once, malformed ones included", () => {
  let accepted = 0;
  let malformed = 0;
  withSeeds(150, (random) => {
    const updates = session(random);
    for (const update of [...updates, invent(random)]) expectAgreement(random, update);
    for (let count = 0; count < 60; count += 1) {
      if (expectAgreement(random, mutate(random, updates))) accepted += 1;
      else malformed += 1;
    }
  });
  expect(accepted).toBeGreaterThan(1_000);
  expect(malformed).toBeGreaterThan(3_000);
});

describe("the bound on", () => {
  const bounds = { structs: 6, clients: 3, deletedRanges: 4 };
  const cases = [
    ["structs", wide({ clients: 2, structs: 3 }), wide({ clients: 1, structs: 7 }), { bound: "structs", count: 7 }],
    [
      "structs of all clients",
      wide({ clients: 3, structs: 2 }),
      wide({ clients: 3, structs: 3 }),
      { bound: "structs", count: 9 },
    ],
    ["clients that insert", wide({ clients: 3 }), wide({ clients: 4 }), { bound: "clients", count: 4 }],
    ["clients that delete", wide({ deletingClients: 3 }), wide({ deletingClients: 4 }), { bound: "clients", count: 4 }],
    [
      "deleted ranges",
      wide({ deletingClients: 2, ranges: 2 }),
      wide({ deletingClients: 3, ranges: 2 }),
      { bound: "deletedRanges", count: 6 },
    ],
  ] as const;

  test.each(cases)("%s accepts an update that reaches it, and refuses one beyond it", (_, atBound, beyond, refusal) => {
    const read = (update: Uint8Array) => new ContentsReader(update, bounds).step(Number.POSITIVE_INFINITY);
    expect(read(atBound)?.kind).toBe("contents");
    expect(read(beyond)).toEqual({ kind: "oversized", ...refusal });
  });

  test.each([
    ["structs", updateBytes([{ client: 1, clock: 0, structs: [gc(1)], count: 3_000_000 }])],
    ["clients", Uint8Array.of(0xc0, 0x84, 0x3d)],
    ["deletedRanges", Uint8Array.of(0, 1, 7, 0xc0, 0x84, 0x3d, 0, 1)],
  ] as const)("%s refuses an update by the count that it states, before anything is read", (bound, update) => {
    const visited: number[] = [];
    const visitor = { struct: () => visited.push(1), deletes: () => visited.push(1) };
    const read = () =>
      new StepwiseReader(decoding.createDecoder(update), visitor, { ...unbounded, [bound]: 999_999 }).read(
        Number.POSITIVE_INFINITY,
      );
    expect(read).toThrow(BoundError);
    expect(visited).toEqual([]);
  });
});
