import { expect, test } from "bun:test";
import * as Y from "yjs";
import { encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { encodeMessage } from "../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../src/relay/y-websocket/session.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { RandomEditor } from "../support/clients/random-editors.ts";
import { countClocks, updatesOf } from "../support/clients/raw-client.ts";
import { settled } from "../support/eventually.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { InlineCompactor, type InlineCompactorOptions } from "../support/fakes/inline-compactor.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { type MemberUpdate, roomParts, submit } from "../support/servers/room-parts.ts";
import { tuple } from "../support/tuple.ts";

/** An update whose acknowledgement is the same frame, as in y-websocket. */
const sent = (update: Uint8Array): MemberUpdate => ({
  update,
  acknowledgement: () => encodeMessage({ type: "update", update }),
});

async function setUp(compaction?: InlineCompactorOptions) {
  const store = new FailingStore(openMemoryStore());
  const { clock, metrics, open, turnAndSync } = roomParts({ compactor: new InlineCompactor(compaction) }, store);
  const room = await open();
  const join = async (id: string, to = room) => {
    const connection = new FakeConnection(id);
    const member = { connection, encoding: yWebsocketEncoding, access: "write" as const };
    to.join(member);
    to.ask(member);
    await to.sync(member, Uint8Array.of(0));
    connection.take();
    return { member, take: () => connection.take() };
  };
  const turn = async () => {
    await turnAndSync();
    clock.runTurns();
    await settled();
  };
  return { clock, store, room, open, join, turn, metrics };
}

function updatesIn(frames: readonly (string | Uint8Array)[]): Uint8Array[] {
  return frames.flatMap((frame) => (typeof frame !== "string" && frame[0] === 0 && frame[1] === 2 ? [frame] : []));
}

/** The update in a frame, whether the frame is shorter than 128 bytes or not. */
function bodyOf(frame: Uint8Array): Uint8Array {
  const lengthBytes = frame.subarray(2).findIndex((byte) => byte < 128) + 1;
  return frame.subarray(2 + lengthBytes);
}

/** Four peers send all updates, each in its own order, while the store commits from time to time. */
async function bringAll(random: Random): Promise<void> {
  const { store, room, join, turn } = await setUp();
  const editors = Array.from({ length: 3 }, () => new RandomEditor(random));
  for (let step = 0; step < 30; step += 1) random.pick(editors).edit();
  const updates = editors.flatMap(({ sent }) => sent);
  const observer = await join("observer");
  const peers = await Promise.all(["a", "b", "c", "d"].map((id) => join(id)));
  const deliveries = peers.flatMap(({ member }) => updates.map((update) => ({ member, update })));
  for (const { member, update } of random.shuffled(deliveries)) {
    await submit(room, member, sent(update));
    if (random.chance(0.2)) await turn();
  }
  await turn();
  const forwarded = updatesIn(observer.take()).map(bodyOf);
  const stored = store.appended.flat().map(({ update }) => update);
  expect(forwarded.map((update) => update.toHex())).toEqual(stored.map((update) => update.toHex()));
  const [all, relayed] = [new Y.Doc(), new Y.Doc()];
  for (const update of updates) Y.applyUpdate(all, update);
  for (const update of forwarded) Y.applyUpdate(relayed, update);
  expect(Y.encodeStateVector(relayed)).toEqual(Y.encodeStateVector(all));
  // No clock is stored twice, unless there was a gap before it.
  const counts = [...countClocks(forwarded).values()];
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeLessThan(2 * counts.length);
  // Each peer gets an acknowledgement for each copy, and in addition the updates that others sent first.
  for (const { take } of peers) expect(updatesIn(take()).length).toBeGreaterThanOrEqual(updates.length);
}

test("updates that every peer sends, at once or late, in any order, are stored once and forwarded once", async () => {
  const rounds: Promise<void>[] = [];
  withSeeds(12, (random) => rounds.push(bringAll(random)));
  await Promise.all(rounds);
});

test("an update that waits for the store, and its copies, are forwarded once", async () => {
  const { store, room, join, turn } = await setUp();
  const observer = await join("observer");
  const peers = await Promise.all(["a", "b", "c"].map((id) => join(id)));
  const updates = updatesOf((doc) => {
    for (const character of "abcdef") doc.getText("t").insert(0, character);
  });
  const release = store.hold();
  for (const update of updates) for (const { member } of peers) void submit(room, member, sent(update));
  await turn();
  release();
  await turn();
  const clocks = countClocks(updatesIn(observer.take()).map(bodyOf));
  const stored = countClocks(store.appended.flat().map(({ update }) => update));
  for (const counts of [clocks, stored]) expect([...counts.values()]).toEqual([1, 1, 1, 1, 1, 1]);
});

test("states and removals that several peers send are broadcast once", async () => {
  const { clock, room, join } = await setUp();
  const [a, b, c] = [await join("a"), await join("b"), await join("c")];
  const entry = (clientId: number, at: number, state: string | undefined) =>
    encodeAwareness([{ clientId, clock: at, state }]);
  for (const [index, { member }] of [a, b, c].entries()) void room.updateAwareness(member, entry(index + 1, 1, "{}"));
  clock.advance(100);
  for (const { take } of [a, b, c]) take();
  const told = () => {
    clock.advance(100);
    const frames = [a, b, c].map(({ take }) => take().filter((frame) => frame[0] === 1));
    return frames.map((each) => each.length);
  };
  // The first client moves its cursor. The state comes from it and, early or late, from others that got it over WebRTC.
  const moved = entry(1, 2, '{"x":1}');
  for (const { member } of [b, a, c, b]) void room.updateAwareness(member, moved);
  expect(told()).toEqual([1, 1, 1]);
  for (const { member } of [c, a]) void room.updateAwareness(member, moved);
  for (const { member } of [b, c]) void room.updateAwareness(member, entry(1, 1, "{}"));
  expect(told()).toEqual([0, 0, 0]);
  // The first client is connected: no other client can remove it.
  for (const { member } of [b, c]) void room.updateAwareness(member, entry(1, 3, undefined));
  expect(told()).toEqual([0, 0, 0]);
  room.leave(a.member);
  const left = told();
  expect(left.slice(1)).toEqual([1, 1]);
  for (const { member } of [b, c]) void room.updateAwareness(member, entry(1, 2, undefined));
  expect(told()).toEqual([0, 0, 0]);
});

test("while syncs fail, nothing is acknowledged and no further update is forwarded; both follow once syncs succeed again", async () => {
  const { clock, store, room, join, turn } = await setUp();
  const [a, b] = [await join("a"), await join("b")];
  const [first, second] = tuple(
    2,
    updatesOf((doc) => {
      doc.getText("t").insert(0, "1");
      doc.getText("t").insert(1, "2");
    }),
  );
  const frame = (update: Uint8Array) => encodeMessage({ type: "update", update });
  store.failToSync();
  void submit(room, a.member, sent(first));
  await turn();
  expect([a.take(), b.take()]).toEqual([[], [frame(first)]]);
  void submit(room, a.member, sent(second));
  await turn();
  clock.advance(2_000);
  await turn();
  expect([a.take(), b.take()]).toEqual([[], []]);
  store.recover();
  clock.advance(10_000);
  await turn();
  clock.advance(10_000);
  await turn();
  expect(updatesIn(a.take())).toEqual([frame(first), frame(second)]);
  expect(updatesIn(b.take())).toEqual([frame(second)]);
});

test("an update at which a compaction throws is quarantined, counted, never served and never accepted again", async () => {
  const [hello, world] = [7, 8].map(
    (client) =>
      updatesOf((doc) => {
        doc.clientID = client;
        doc.getText("t").insert(0, `from ${client}`);
      })[0],
  );
  if (hello === undefined || world === undefined) throw new Error("no updates");
  const { room, open, join, turn, metrics } = await setUp({ rejects: (update) => update.toHex() === world.toHex() });
  const a = await join("a");
  void submit(room, a.member, sent(hello));
  void submit(room, a.member, sent(world));
  await turn();
  room.leave(a.member);
  await room.close();
  expect((await metrics.quarantinedUpdates.get()).values[0]?.value).toBe(1);
  const reopened = await open();
  const b = await join("b", reopened);
  await reopened.sync(b.member, Uint8Array.of(0));
  const [frame] = b.take();
  if (frame === undefined || typeof frame === "string") throw new Error("no answer");
  const doc = new Y.Doc();
  Y.applyUpdate(doc, bodyOf(frame));
  expect(doc.getText("t").toString()).toBe("from 7");
  expect(await submit(reopened, b.member, sent(world))).toBe("taken");
  await turn();
  const c = await join("c", reopened);
  await reopened.sync(c.member, Uint8Array.of(0));
  expect(c.take()).toEqual([frame]);
});
