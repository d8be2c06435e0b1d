import { expect, test } from "bun:test";
import { decodeAwareness, encodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";
import { awarenessRoom } from "../../support/awareness-room.ts";

const members = 200;
const moveMs = 50;
const seconds = 3;
/** Changes are broadcast at most this late, whatever the bounds. */
const intervalMs = 30;

/** A cursor as y-codemirror.next and its like write it, with a relative position for each of its ends. */
function cursor(member: number, move: number): string {
  const position = { type: null, tname: "codemirror", item: { client: 2_000_000_000 + member, clock: move }, assoc: 0 };
  const user = { name: `Member ${member} of the room`, color: "#30bced", colorLight: "#30bced33" };
  return JSON.stringify({ user, cursor: { anchor: position, head: position } });
}

test.each([
  ["each tells its own", false],
  ["each passes on those of all others, as where y-webrtc runs beside y-websocket", true],
])("the cursors of 200 members meet no bound: %s", (_, isHybrid) => {
  const told = new Map<number, number>();
  const { awareness, account, clock, connect, dropped, takeBroadcasts } = awarenessRoom();
  const idOf = (member: number) => 1_000_000_000 + member;
  for (let member = 0; member < members; member += 1) connect(`${member}`, idOf(member), 1);
  clock.advance(1_000);
  takeBroadcasts();
  const states = (move: number) =>
    Array.from({ length: members }, (_each, member) => ({
      clientId: idOf(member),
      clock: 10 + move,
      state: cursor(member, move),
    }));
  for (let move = 0; move < (seconds * 1_000) / moveMs; move += 1) {
    const moved = states(move);
    // The states that members have learned over WebRTC come before those of their owners, or after them.
    const learned = encodeAwareness(moved);
    const relays = move % 2 === 0 ? members : members / 2;
    for (const [member, own] of moved.entries()) {
      void awareness.updateReceived(`${member}`, encodeAwareness([own]));
      if (isHybrid && member < relays) void awareness.updateReceived(`${member}`, learned);
    }
    clock.advance(intervalMs);
    for (const entries of takeBroadcasts()) for (const [clientId, at] of entries) told.set(clientId, at);
    const late = moved.filter(({ clientId, clock: at }) => told.get(clientId) !== at);
    expect(late).toEqual([]);
    clock.advance(moveMs - intervalMs);
  }
  expect(dropped).toEqual([]);
  // No update of this traffic waits for a turn, or is read in parts.
  expect(account.turns.waiting).toBe(0);
  expect(decodeAwareness(encodeAwareness(states(0)))).toHaveLength(members);
});

test("a member that returns passes on the states of a full room twice over, and no bound is met", () => {
  const { awareness, clock, connect, dropped, take } = awarenessRoom();
  connect("a", 1, 1);
  const backlog = Array.from({ length: 2 * members }, (_, peer) => ({
    clientId: 5_000 + peer,
    clock: 7,
    state: cursor(peer, 7),
  }));
  void awareness.updateReceived("a", encodeAwareness(backlog));
  clock.advance(100);
  take("a");
  awareness.query("a");
  expect(take("a")[0]).toHaveLength(1 + 2 * members);
  expect(dropped).toEqual([]);
});
