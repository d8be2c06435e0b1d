import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { DecodeError } from "../../../src/relay/update/strict-decoding.ts";
import { awarenessRoom, type Entries, encodeEntries } from "../../support/awareness-room.ts";

const perConnection = "limits.awareness-clients-per-connection";

/** Ids from `first` on, each with the same clock and state. */
function entries(count: number, { first = 1_000, at = 1, state = "{}" as string | null } = {}): Entries {
  return Array.from({ length: count }, (_, index) => [first + index, at, state] as const);
}

/** A room of which one member passes on ids, and a way to read which ids have a state. */
function smallRoom(awarenessClientsPerConnection: number) {
  const room = awarenessRoom({ ...defaultLimits, awarenessClientsPerConnection });
  const { awareness, clock, take } = room;
  awareness.joined("reader");
  const present = () => {
    clock.advance(100);
    take("reader");
    awareness.query("reader");
    return (take("reader").at(-1) ?? []).map(([id]) => id);
  };
  return { ...room, present };
}

describe("the client ids that one connection passes on", () => {
  test("are bounded; the rest of an update is dropped, and reported once with its number", () => {
    const { connect, say, present, dropped } = smallRoom(3);
    connect("a", 1, 1);
    say("a", ...entries(5));
    expect(present()).toEqual([1, 1_000, 1_001, 1_002]);
    expect(dropped).toEqual([["a", perConnection, "clock 1, 2 characters", 2]]);
    say("a", ...entries(4, { first: 2_000 }));
    expect(dropped.at(-1)).toEqual(["a", perConnection, "4 more than 3 client ids", 4]);
    expect(present()).toHaveLength(4);
  });

  test("count neither for another connection nor when they only repeat what is known", () => {
    const { connect, say, present, dropped } = smallRoom(3);
    connect("a", 1, 1);
    connect("b", 2, 1);
    say("a", ...entries(3));
    // `b` passes on all of them, with the clocks that are known and with later ones.
    say("b", ...entries(3));
    say("b", ...entries(3, { at: 2 }));
    say("b", ...entries(3, { first: 2_000 }));
    expect([present().length, dropped]).toEqual([8, []]);
  });

  test("leave a place for the own id, when a member announces it first, later, or after its removal", () => {
    const { connect, observe, say, present, dropped } = smallRoom(1);
    connect("first", 1, 1);
    observe("later");
    say("later", [1_000, 1, "{}"], [1_001, 1, "{}"]);
    say("later", [2, 1, "{}"]);
    say("first", [1, 2, null]);
    say("first", [1, 3, "{}"], [1_002, 1, "{}"]);
    expect(present()).toEqual([1, 1_000, 2, 1_002]);
    expect(dropped.map(([, , , count]) => count)).toEqual([1]);
  });

  test("make a place when they are removed, expire, or turn out to be the own ids of others", () => {
    const { awareness, clock, connect, say, present } = smallRoom(2);
    connect("a", 1, 1);
    say("a", ...entries(2));
    say("a", [1_000, 2, null]);
    say("a", [2_000, 1, "{}"]);
    expect(present()).toEqual([1, 1_001, 2_000]);
    awareness.joined("owner");
    say("owner", [1_001, 2, "{}"]);
    say("a", [3_000, 1, "{}"]);
    expect(present()).toEqual([1, 1_001, 2_000, 3_000]);
    clock.advance(40_000);
    say("a", ...entries(2, { first: 4_000 }));
    expect(present()).toEqual([1, 1_001, 4_000, 4_001]);
  });

  test("stay when their member leaves, and count against the member that renews them then", () => {
    const { awareness, connect, say, present, dropped } = smallRoom(2);
    connect("a", 1, 1);
    connect("b", 2, 1);
    say("a", ...entries(2));
    awareness.left("a");
    expect(present()).toEqual([2, 1_000, 1_001]);
    say("b", ...entries(2, { at: 2 }));
    say("b", ...entries(2, { first: 2_000 }));
    expect(present()).toEqual([2, 1_000, 1_001]);
    expect(dropped).toHaveLength(1);
  });

  test("are not dropped as removals: what is not known needs no removal", () => {
    const { connect, say, dropped } = smallRoom(1);
    connect("a", 1, 1);
    say("a", ...entries(1));
    say("a", ...entries(5, { first: 2_000, state: null }));
    expect(dropped).toEqual([]);
  });
});

describe("a large awareness update", () => {
  test("is taken in parts, each in a turn of its member, while others are served", async () => {
    const { awareness, account, clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    connect("b", 2, 1);
    clock.advance(100);
    takeBroadcasts();
    account.spent.ids = 0;
    account.turns.isOver = true;
    const taken = awareness.updateReceived("a", encodeEntries(entries(2_500, { first: 1_000, state: "0" })));
    expect([account.spent.ids, account.turns.waiting]).toEqual([1_000, 1]);
    say("b", [2, 2, "{}"]);
    account.turns.next();
    await taken;
    expect(account.spent.ids).toBe(2_501);
    clock.advance(100);
    const told = takeBroadcasts().flat();
    expect(told).toContainEqual([2, 2, "{}"]);
    // The bound of one connection.
    expect(told).toHaveLength(1_001);
  });

  test.each([
    ["has left", "left"],
    ["may not be shown any more", "hidden"],
  ] as const)("ends with the part in which its member %s", async (_, end) => {
    const { awareness, account, connect, observe, take } = awarenessRoom();
    observe("reader");
    connect("a", 1, 1);
    account.turns.isOver = true;
    const taken = awareness.updateReceived("a", encodeEntries(entries(1_000).concat(entries(10, { first: 5_000 }))));
    awareness[end]("a");
    account.turns.next();
    await taken;
    take("reader");
    awareness.query("reader");
    expect((take("reader").at(-1) ?? []).filter(([id]) => id >= 5_000)).toEqual([]);
  });

  test("is refused when it turns out to be malformed", async () => {
    const { awareness, connect } = awarenessRoom();
    connect("a", 1, 1);
    const update = encodeEntries(entries(1_500));
    await expect(awareness.updateReceived("a", update.subarray(0, -2))).rejects.toThrow(DecodeError);
    await expect(awareness.updateReceived("a", Uint8Array.of(...update, 0))).rejects.toThrow(DecodeError);
  });

  test("does not have the states read that are known, and a state that is too long not parsed", () => {
    const { connect, say, dropped } = awarenessRoom({ ...defaultLimits, awarenessStateLength: 10 });
    connect("a", 1, 1);
    say("a", ...entries(2, { at: 5 }));
    say("a", [1_000, 5, "{no"], [1_001, 4, "{no"], [1_002, 1, "{no JSON at all"]);
    expect(dropped.map(([, bound]) => bound)).toEqual(["limits.awareness-state-length"]);
    expect(() => say("a", [1_000, 6, "{no"], [1_001, 4, "{}"])).toThrow(DecodeError);
  });
});

describe("broadcasts", () => {
  test("are bounded in length, follow each other every 30 ms, and lose no client", () => {
    const limits = { ...defaultLimits, awarenessBroadcastLength: 10 * (16 + 2) };
    const { clock, connect, say, takeBroadcasts } = awarenessRoom(limits);
    connect("a", 1, 1);
    clock.advance(100);
    takeBroadcasts();
    say("a", ...entries(25));
    expect(takeBroadcasts().map(({ length }) => length)).toEqual([10]);
    // A client that changes meanwhile keeps its turn, and is told with its latest state.
    say("a", [1_024, 2, "[]"], [1_000, 2, "[]"]);
    clock.advance(30);
    clock.advance(30);
    const [second = [], third = []] = takeBroadcasts();
    expect([second.length, third.length]).toEqual([10, 6]);
    expect(second).toEqual(entries(10, { first: 1_010 }));
    expect(third.slice(-2)).toEqual([
      [1_024, 2, "[]"],
      [1_000, 2, "[]"],
    ]);
    clock.advance(1_000);
    expect(takeBroadcasts()).toEqual([]);
  });

  test("are shorter, and further apart, the more members there are", () => {
    const { awareness, clock, connect, say, takeBroadcasts } = awarenessRoom();
    connect("a", 1, 1);
    for (let member = 1; member < 1_000; member += 1) awareness.joined(`${member}`);
    clock.advance(2_000);
    takeBroadcasts();
    say("a", ...entries(100, { state: JSON.stringify("x".repeat(1_000)) }));
    const told = () => takeBroadcasts().map(({ length }) => length);
    expect(told()).toEqual([16]);
    clock.advance(149);
    expect(told()).toEqual([]);
    clock.advance(1);
    expect(told()).toEqual([16]);
    clock.advance(5 * 150);
    expect(told().reduce((sum, length) => sum + length, 0)).toBe(100 - 2 * 16);
  });

  test("have one state at least, however long it is", () => {
    const { clock, connect, say, takeBroadcasts } = awarenessRoom({ ...defaultLimits, awarenessBroadcastLength: 1 });
    connect("a", 1, 1);
    clock.advance(100);
    takeBroadcasts();
    say("a", ...entries(2));
    clock.advance(30);
    expect(takeBroadcasts().map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe("the states that joiners are sent", () => {
  test("are encoded once between two broadcasts, and what has changed meanwhile follows", () => {
    const { account, clock, connect, observe, take, takeBroadcasts } = awarenessRoom();
    for (let id = 1; id <= 300; id += 1) connect(`member ${id}`, id, 1);
    clock.advance(100);
    takeBroadcasts();
    account.spent.ids = 0;
    for (let id = 301; id <= 600; id += 1) connect(`member ${id}`, id, 1);
    // 300 own states are read, and all states encoded for the first two joiners: the first change is broadcast at once.
    expect(account.spent.ids).toBe(300 + 301 + 302);
    expect((take("member 600")[0] ?? []).map(([id]) => id)).toEqual(
      Array.from({ length: 302 }, (_, index) => index + 1),
    );
    clock.advance(100);
    const told = takeBroadcasts().flat();
    expect(told.map(([id]) => id)).toEqual(Array.from({ length: 300 }, (_, index) => index + 301));
    observe("late");
    expect(take("late")[0]).toHaveLength(600);
  });
});

describe("the answers to queries", () => {
  test("leave at a bounded rate in each room, and every member gets one", () => {
    const { awareness, clock, connect, say, take } = awarenessRoom();
    connect("a", 1, 1);
    say("a", ...entries(15, { state: JSON.stringify("x".repeat(65_000)) }));
    const members = Array.from({ length: 100 }, (_, index) => `member ${index}`);
    for (const member of members) awareness.joined(member);
    clock.advance(2_000);
    for (const member of members) take(member);
    for (const member of members) awareness.queryReceived(member);
    const answered = () => members.filter((member) => take(member).length > 0).length;
    expect(answered()).toBe(1);
    clock.advance(1_000);
    const inOneSecond = answered();
    // 16 MiB per second, each answer has almost one.
    expect(inOneSecond).toBeGreaterThanOrEqual(16);
    expect(inOneSecond).toBeLessThanOrEqual(18);
    awareness.left("member 99");
    clock.advance(10_000);
    expect(answered()).toBe(100 - 2 - inOneSecond);
  });
});
