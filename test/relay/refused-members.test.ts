import { expect, test } from "bun:test";
import { RefusedMembers } from "../../src/relay/refused-members.ts";
import type { SyncMember } from "../../src/relay/sync-member.ts";
import { IdSet } from "../../src/relay/update/id-set.ts";
import type { UpdateContents } from "../../src/relay/update/update-contents.ts";
import { settled } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

/** An update with one struct of each of these clients. */
function contentsOf(clients: number, from = 0): UpdateContents {
  const structs = new IdSet();
  for (let client = from; client < from + clients; client += 1) structs.add(client, 0, 1);
  return { kind: "contents", structs, deletes: new IdSet(), structBytes: 5 * clients, isEmpty: false };
}

function setUp() {
  const member = {} as SyncMember;
  const clock = new FakeClock();
  const looked: number[] = [];
  let missing = new IdSet();
  let asked = 0;
  const refused = new RefusedMembers({
    state: {
      lacking: (clocks) => {
        looked.push(clocks.clientCount);
        return missing;
      },
    },
    ask: () => {
      asked += 1;
      return true;
    },
    makeSpace: () => Promise.resolve(0),
    clock,
  });
  const review = async (lacking: IdSet) => {
    missing = lacking;
    refused.stored(contentsOf(1));
    clock.advance(5_000);
    await settled();
    return { asked, looked: looked.at(-1) };
  };
  return { member, refused, review };
}

test("clocks that are refused again count once", async () => {
  const { member, refused, review } = setUp();
  for (let time = 0; time < 10; time += 1) refused.add(member, { bytes: 500, contents: contentsOf(100) });
  // Less than half of them are missing.
  expect(await review(contentsOf(49).structs)).toEqual({ asked: 1, looked: 100 });
});

test("a refused update is compared with those before, which are not counted again", () => {
  const { member, refused } = setUp();
  const counted: number[] = [];
  const original = Object.getOwnPropertyDescriptor(IdSet.prototype, "clockCount");
  if (original?.get === undefined) throw new Error("clockCount is no getter");
  const { get } = original;
  Object.defineProperty(IdSet.prototype, "clockCount", {
    configurable: true,
    get(this: IdSet) {
      counted.push(this.clientCount);
      return get.call(this);
    },
  });
  try {
    for (let piece = 0; piece < 20; piece += 1) {
      refused.add(member, { bytes: 500, contents: contentsOf(100, 100 * piece) });
    }
  } finally {
    Object.defineProperty(IdSet.prototype, "clockCount", original);
  }
  expect(Math.max(...counted)).toBe(100);
});

test("of a member that goes on, only the first clocks are recorded", async () => {
  const { member, refused, review } = setUp();
  for (let piece = 0; piece < 30; piece += 1) {
    refused.add(member, { bytes: 5_000, contents: contentsOf(1_000, 1_000 * piece) });
  }
  // Half of those that are recorded are missing.
  expect(await review(contentsOf(5_000).structs)).toEqual({ asked: 1, looked: 10_000 });
});
