import { describe, expect, test } from "bun:test";
import { Garbage } from "../../../src/relay/document/garbage.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const megabyte = 2 ** 20;

function setUp() {
  const clock = new FakeClock();
  const collections: ("full" | "concurrent")[] = [];
  const garbage = new Garbage({ clock, collect: (isFull) => collections.push(isFull ? "full" : "concurrent") });
  return { clock, collections, garbage };
}

describe("the garbage of dropped documents", () => {
  test("is collected beside the work of the process each time much was dropped", () => {
    const { collections, garbage } = setUp();
    for (let count = 0; count < 20; count += 1) garbage.dropped(megabyte);
    expect(collections).toEqual(["concurrent", "concurrent"]);
  });

  test("is collected in full once nothing was dropped for a second, and its memory is returned", () => {
    const { clock, collections, garbage } = setUp();
    for (let count = 0; count < 12; count += 1) {
      garbage.dropped(megabyte);
      clock.advance(900);
    }
    expect(collections).toEqual(["concurrent"]);
    clock.advance(100);
    expect(collections).toEqual(["concurrent", "full"]);
    clock.advance(60_000);
    expect(collections).toHaveLength(2);
  });

  test("is not worth a collection when it is little", () => {
    const { clock, collections, garbage } = setUp();
    garbage.dropped(megabyte);
    garbage.roomClosed(1);
    clock.advance(60_000);
    expect([collections, clock.pendingTimers]).toEqual([[], 0]);
  });

  test("of the last room is collected in full", () => {
    const { clock, collections, garbage } = setUp();
    garbage.roomClosed(0);
    clock.advance(1_000);
    expect(collections).toContain("full");
  });
});
