import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { Arrivals } from "../../../../scripts/bench/cluster/arrivals.ts";
import { inRandomOrder, updatesOf } from "../../../../scripts/bench/cluster/writing.ts";

/** Listens as the member with the number 1 in a room with three writers; `read` returns what it is told. */
function listen() {
  const told: string[] = [];
  const arrivals = new Arrivals({
    writers: 3,
    own: 1,
    arrived: (writer, first, end) => told.push(`${writer}: ${first} to ${end}`),
  });
  return {
    read: (update: Uint8Array) => {
      // An update is read where it is in a message.
      const message = Buffer.concat([Uint8Array.of(9), update, Uint8Array.of(9)]);
      arrivals.read(message, 1, 1 + update.length);
      return told.splice(0);
    },
  };
}

describe("the updates of a writer", () => {
  const updates = updatesOf(2, 5);

  test("make one text, and have about 30 bytes", () => {
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    expect(doc.getText([...doc.share.keys()][0]).length).toBe(40);
    // The first one names the text as well.
    for (const { length } of updates.slice(1)) expect(length).toBeWithin(25, 36);
  });

  test("are found where they arrive, one by one or merged", () => {
    const { read } = listen();
    const [first = new Uint8Array(), second = new Uint8Array(), ...rest] = updates;
    expect(read(first)).toEqual(["2: 0 to 1"]);
    expect(read(second)).toEqual(["2: 1 to 2"]);
    expect(read(Y.mergeUpdates([...rest]))).toEqual(["2: 2 to 5"]);
  });

  test("are found beside those of another writer in one update", () => {
    const { read } = listen();
    const [other = new Uint8Array()] = updatesOf(0, 1);
    expect(read(Y.mergeUpdates([...updates, other])).sort()).toEqual(["0: 0 to 1", "2: 0 to 5"]);
  });

  test("count once, and not at all for their own writer", () => {
    const { read } = listen();
    const [first = new Uint8Array(), second = new Uint8Array()] = updates;
    read(second);
    expect(read(first)).toEqual([]);
    expect(read(second)).toEqual([]);
    for (const own of updatesOf(1, 2)) expect(read(own)).toEqual([]);
  });
});

test("the random order has every writer once, and is the same for a seed", () => {
  const writers = Array.from({ length: 50 }, (_, index) => index);
  const order = inRandomOrder(writers, 3);
  expect(order).not.toEqual(writers);
  expect(order.toSorted((left, right) => left - right)).toEqual(writers);
  expect(inRandomOrder(writers, 3)).toEqual(order);
  expect(inRandomOrder(writers, 4)).not.toEqual(order);
});
