import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { Limits } from "../../src/composition/settings/limits.ts";
import { encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import type { SyncEncoding, SyncMember } from "../../src/relay/sync-member.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import type { Frame } from "../../src/transport/connection.ts";
import { updatesOf } from "../support/clients/raw-client.ts";
import { settled } from "../support/eventually.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { InlineCompactor } from "../support/fakes/inline-compactor.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { type MemberUpdate, roomParts, submit } from "../support/servers/room-parts.ts";
import { tuple } from "../support/tuple.ts";

/** Readable frames: the kind of message, and its bytes in hex. */
const encoding: SyncEncoding = {
  syncStep1: (stateVector) => `step1 ${hex(stateVector)}`,
  syncStep2: (update) => `step2 ${hex(update)}`,
  update: (update) => `update ${hex(update)}`,
  awareness: (body) => `awareness ${hex(body)}`,
};

/** An update that is acknowledged with a readable frame. */
const sent = (update: Uint8Array, frame?: string): MemberUpdate => ({
  update,
  ...(frame === undefined ? {} : { frame }),
  acknowledgement: () => `stored ${frame ?? hex(update)}`,
});

const emptyVector = Uint8Array.of(0);
const [first, second, third] = tuple(
  3,
  updatesOf((doc) => {
    doc.clientID = 7;
    for (const character of "abc") doc.getText("t").insert(0, character);
  }),
);

const hex = (bytes: Uint8Array) => bytes.toHex();

async function setUp(limits: Partial<Limits> = {}, compactor = new InlineCompactor()) {
  const store = new FailingStore(openMemoryStore());
  const { clock, queue, open, turnAndSync: turn } = roomParts({ limits, compactor }, store);
  const room = await open();
  const enter = (id: string, access: "read" | "write" = "write") => {
    const connection = new FakeConnection(id);
    const member: SyncMember = { connection, encoding, access };
    room.join(member);
    room.ask(member);
    return { connection, member, take: () => connection.take() };
  };
  /** Joins a member that is synced and has no frame left to take. */
  const join = (id: string, access: "read" | "write" = "write") => {
    const entered = enter(id, access);
    void room.sync(entered.member, emptyVector);
    entered.take();
    return entered;
  };
  return { clock, store, queue, room, open, enter, join, turn, compactions: compactor.compactions };
}

describe("a sync room", () => {
  test("asks a new member for the updates that the document lacks, and answers its SyncStep1", async () => {
    const { room, enter } = await setUp();
    const { member, take } = enter("a");
    expect(take()).toEqual(["step1 00"]);
    void room.sync(member, emptyVector);
    expect(take()).toEqual(["step2 0000"]);
  });

  test("forwards an update to no member before it is stored, then to all others, then acknowledges it", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    const release = store.hold();
    void submit(room, a.member, sent(first, "as it came"));
    await turn();
    expect([a.take(), b.take()]).toEqual([[], []]);
    const late = join("late");
    release();
    await settled();
    expect(store.appended).toHaveLength(1);
    expect([a.take(), b.take(), late.take()]).toEqual([["stored as it came"], ["as it came"], ["as it came"]]);
  });

  test("sends a new member every update once, in its snapshot or after it", async () => {
    const { room, enter, join, turn } = await setUp();
    const a = join("a");
    void submit(room, a.member, sent(first));
    await turn();
    void submit(room, a.member, sent(second));
    const joiner = enter("joiner");
    void room.sync(joiner.member, emptyVector);
    await turn();
    expect(joiner.take()).toEqual([expect.stringMatching(/^step1 /), `step2 ${hex(first)}`, `update ${hex(second)}`]);
  });

  test("stores and forwards once an update that several members send, and acknowledges each copy when the first is stored", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b, c] = [join("a"), join("b"), join("c")];
    const release = store.hold();
    void submit(room, a.member, sent(first));
    void submit(room, b.member, sent(first));
    await turn();
    void submit(room, c.member, sent(first));
    expect([a.take(), b.take(), c.take()]).toEqual([[], [], []]);
    release();
    await settled();
    const stored = `stored ${hex(first)}`;
    const update = `update ${hex(first)}`;
    expect([a.take(), b.take(), c.take()]).toEqual([[stored], [update, stored], [update, stored]]);
    expect(store.appended.flat()).toHaveLength(1);
    void submit(room, b.member, sent(first));
    void submit(room, b.member, sent(first));
    await turn();
    expect([a.take(), b.take(), c.take()]).toEqual([[], [stored, stored], []]);
  });

  test("stores and forwards the new part of a partly known update, and acknowledges all of it", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void submit(room, a.member, sent(first));
    await turn();
    const both = Y.mergeUpdates([first, second]);
    b.take();
    void submit(room, b.member, sent(both, "as it came"));
    await turn();
    expect([a.take(), b.take()]).toEqual([[`stored ${hex(first)}`, `update ${hex(second)}`], ["stored as it came"]]);
    expect(store.appended.flat().map(({ update }) => hex(update))).toEqual([hex(first), hex(second)]);
  });

  test("acknowledges an empty update without storing it", async () => {
    const { room, store, join, turn } = await setUp();
    const a = join("a");
    void submit(room, a.member, sent(Uint8Array.of(0, 0)));
    await turn();
    expect(a.take()).toEqual(["stored 0000"]);
    expect(store.attempts).toBe(0);
  });

  test("sends no acknowledgement when the submission has none", async () => {
    const { room, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void submit(room, a.member, { update: first });
    void submit(room, b.member, { update: first });
    await turn();
    void submit(room, a.member, { update: first });
    void submit(room, a.member, { update: Uint8Array.of(0, 0) });
    await turn();
    expect([a.take(), b.take()]).toEqual([[], [`update ${hex(first)}`]]);
  });

  test("stores and forwards the updates that a member sent before it left", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void submit(room, a.member, sent(first));
    a.connection.disconnect();
    room.leave(a.member);
    await turn();
    expect(b.take()).toEqual([`update ${hex(first)}`]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("asks the sender of an update that leaves a gap once, until the gap is filled", async () => {
    const { room, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void submit(room, a.member, sent(second));
    await turn();
    void submit(room, a.member, sent(third));
    expect(a.take()).toEqual(["step1 00", `stored ${hex(second)}`]);
    await turn();
    expect(b.take()).toEqual([`update ${hex(second)}`, `update ${hex(third)}`]);
    void submit(room, a.member, sent(first));
    await turn();
    a.take();
    const [, , , , fifth] = tuple(
      5,
      updatesOf((doc) => {
        doc.clientID = 8;
        for (const character of "abcde") doc.getText("t").insert(0, character);
      }),
    );
    void submit(room, a.member, sent(fifth));
    expect(a.take()).toEqual([expect.stringMatching(/^step1 /)]);
  });

  test("rejects a malformed update, and goes on", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    expect(() => void submit(room, a.member, sent(first.subarray(1)))).toThrow();
    void submit(room, a.member, sent(first));
    await turn();
    expect(b.take()).toEqual([`update ${hex(first)}`]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("refuses an update that makes the document too large, waiting updates included", async () => {
    const { room, join, turn } = await setUp({ documentBytes: first.byteLength + second.byteLength });
    const a = join("a");
    void submit(room, a.member, sent(first));
    void submit(room, a.member, sent(second));
    const outcome = submit(room, a.member, sent(third));
    await turn();
    expect(await outcome).toBe("too-large");
    expect(await submit(room, a.member, sent(third))).toBe("too-large");
    expect(submit(room, a.member, sent(first))).toBe("taken");
  });

  test("rejects a new update from a member that may only read, and accepts a known one", async () => {
    const { room, store, join, turn } = await setUp();
    const [reader, writer] = [join("reader", "read"), join("writer")];
    expect(submit(room, reader.member, sent(first))).toBe("read-only");
    await turn();
    expect([store.attempts, reader.take(), writer.take()]).toEqual([0, [], []]);
    void submit(room, writer.member, sent(first));
    await turn();
    expect(reader.take()).toEqual([`update ${hex(first)}`]);
    expect(submit(room, reader.member, sent(first))).toBe("taken");
  });

  test("a member on a slow link is subscribed once its snapshot is sent, and has missed nothing", async () => {
    const { room, enter, join, turn } = await setUp();
    const a = join("a");
    void submit(room, a.member, sent(first));
    await turn();
    const slow = enter("slow");
    slow.take();
    slow.connection.unsentBytes = 1;
    void room.sync(slow.member, emptyVector);
    expect(slow.connection.snapshots).toEqual([`step2 ${hex(first)}`]);
    slow.take();
    void submit(room, a.member, sent(second));
    await turn();
    expect(slow.take()).toEqual([]);
    slow.connection.drain();
    const [caughtUp] = slow.take();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, first);
    Y.applyUpdate(doc, Uint8Array.fromHex(String(caughtUp).replace("update ", "")));
    expect(doc.getText("t").toString()).toBe("ba");
    void submit(room, a.member, sent(third));
    await turn();
    expect(slow.take()).toEqual([`update ${hex(third)}`]);
  });

  test("a member that asks faster than it reads is sent one snapshot at a time, and then the answer to its last SyncStep1", async () => {
    const { room, enter, join, turn } = await setUp();
    const a = join("a");
    void submit(room, a.member, sent(first));
    await turn();
    const slow = enter("slow");
    slow.connection.unsentBytes = 1;
    for (let count = 0; count < 100; count += 1) void room.sync(slow.member, emptyVector);
    void room.sync(slow.member, Y.encodeStateVectorFromUpdate(first));
    expect(slow.connection.snapshots).toHaveLength(1);
    slow.take();
    slow.connection.drain();
    expect(slow.take()).toEqual(["step2 0000"]);
    void submit(room, a.member, sent(second));
    await turn();
    expect(slow.take()).toEqual([`update ${hex(second)}`]);
  });

  test("an update that takes a large part of an outbox is sent as a snapshot, and a slow member catches up after it", async () => {
    const { room, join, turn } = await setUp({ outboxBytes: 4_000, snapshotPieceBytes: 1_000 });
    const [a, fast, slow] = [join("a"), join("fast"), join("slow")];
    const [large, small] = tuple(
      2,
      updatesOf((doc) => {
        doc.getArray("a").insert(0, [new Uint8Array(2_000)]);
        doc.getText("t").insert(0, "y");
      }),
    );
    slow.connection.unsentBytes = 1;
    void submit(room, a.member, sent(large));
    await turn();
    const update = `update ${hex(large)}`;
    expect([fast.take(), slow.take()]).toEqual([[update], [update]]);
    expect([fast, slow].map(({ connection }) => connection.snapshots.at(-1))).toEqual([update, update]);
    void submit(room, a.member, sent(small));
    void submit(room, slow.member, sent(first));
    await turn();
    expect(fast.take()).toEqual([`update ${hex(small)}`, `update ${hex(first)}`]);
    expect(slow.take()).toEqual([`stored ${hex(first)}`]);
    slow.connection.drain();
    expect(slow.take()).toEqual([`update ${hex(small)}`]);
    void submit(room, a.member, sent(second));
    await turn();
    expect(slow.take()).toEqual([`update ${hex(second)}`]);
  });

  test("a member that is behind stays so until its backlog is sent as well", async () => {
    const { room, enter, join, turn } = await setUp({ outboxBytes: 4_000, snapshotPieceBytes: 1_000 });
    const a = join("a");
    const slow = enter("slow");
    slow.connection.unsentBytes = 1;
    void room.sync(slow.member, emptyVector);
    const updates = updatesOf((doc) => {
      for (let index = 0; index < 3; index += 1) doc.getText("t").insert(0, "x".repeat(900));
    });
    for (const update of updates) void submit(room, a.member, sent(update));
    await turn();
    slow.take();
    const pieces: Frame[] = [];
    // The link takes one piece at a time.
    slow.connection.unsentBytes = 1_001;
    for (let times = 0; times < 3; times += 1) {
      slow.connection.drainPartly();
      pieces.push(...slow.take());
    }
    expect(slow.connection.snapshots.slice(-3)).toEqual(pieces);
    expect(pieces).toEqual(updates.map((update) => `update ${hex(update)}`));
    void submit(room, a.member, sent(first));
    await turn();
    expect(slow.take()).toEqual([]);
    slow.connection.drain();
    expect(slow.take()).toEqual([`update ${hex(first)}`]);
  });

  test("a store that fails for a while loses nothing: no member receives the update until it is stored", async () => {
    const { clock, room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    store.fail("full");
    void submit(room, a.member, sent(first));
    await turn();
    expect([a.take(), b.take()]).toEqual([[], []]);
    store.recover();
    clock.advance(100);
    await settled();
    expect([a.take(), b.take()]).toEqual([[`stored ${hex(first)}`], [`update ${hex(first)}`]]);
  });

  test("when the queue gives up, members are closed with storage-unavailable, and the update is new again", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    store.fail("corrupt");
    void submit(room, a.member, sent(first));
    await turn();
    expect([a.connection.closeReason, b.connection.closeReason]).toEqual(
      Array(2).fill(closeReasons.storageUnavailable),
    );
    expect([a.take(), b.take()]).toEqual([[], []]);
    room.leave(a.member);
    room.leave(b.member);
    store.recover();
    const [back, other] = [join("back"), join("other")];
    void submit(room, back.member, sent(first));
    await turn();
    expect([back.take(), other.take()]).toEqual([[`stored ${hex(first)}`], [`update ${hex(first)}`]]);
  });

  test("a document that cannot be read is rejected as storage-unavailable", async () => {
    const { store, open } = await setUp();
    store.fail("unavailable");
    await expect(open()).rejects.toMatchObject({ reason: closeReasons.storageUnavailable });
  });

  test("sends the empty awareness to a member that was sent nothing for 15 s, and only to that member", async () => {
    const { clock, room, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    clock.advance(10_000);
    expect([a.take(), b.take()]).toEqual([[], []]);
    void submit(room, a.member, sent(first));
    await turn();
    a.take();
    b.take();
    clock.advance(14_000);
    expect([a.take(), b.take()]).toEqual([[], []]);
    clock.advance(6_000);
    expect([a.take(), b.take()]).toEqual([["awareness 00"], ["awareness 00"]]);
  });

  test("sends the empty awareness also when the time of day is set back meanwhile", async () => {
    const { clock, join } = await setUp();
    const a = join("a");
    clock.advance(10_000);
    clock.set(-3_600_000);
    clock.advance(10_000);
    expect(a.take()).toEqual(["awareness 00"]);
  });

  test("sends no empty awareness to a member that was sent something else in time", async () => {
    const { clock, room, join } = await setUp();
    const [a, b] = [join("a"), join("b")];
    clock.advance(15_000);
    expect([a.take(), b.take()]).toEqual([[], []]);
    room.ask(a.member);
    expect(a.take()).toHaveLength(1);
    clock.advance(5_000);
    expect([a.take(), b.take()]).toEqual([[], ["awareness 00"]]);
    clock.advance(15_000);
    expect([a.take(), b.take()]).toEqual([["awareness 00"], []]);
  });

  test("sends each member of a mixed room one awareness frame per 30 ms, with the latest states", async () => {
    const { clock, room, join } = await setUp();
    const ofAnotherProtocol: SyncEncoding = { ...encoding, awareness: (body) => `other awareness ${hex(body)}` };
    const connection = new FakeConnection("b");
    const b = { connection, encoding: ofAnotherProtocol, access: "write" } as const;
    const a = join("a");
    room.join(b);
    const move = (member: SyncMember, clientId: number, at: number) =>
      void room.updateAwareness(member, encodeAwareness([{ clientId, clock: at, state: `${at}` }]));
    move(a.member, 1, 1);
    move(b, 2, 1);
    clock.advance(1_000);
    a.take();
    connection.take();
    for (let at = 2; at <= 100; at += 1) {
      move(a.member, 1, at);
      move(b, 2, at);
    }
    clock.advance(29);
    const first = hex(encodeAwareness([{ clientId: 1, clock: 2, state: "2" }]));
    expect([a.take(), connection.take()]).toEqual([[`awareness ${first}`], [`other awareness ${first}`]]);
    clock.advance(1);
    const latest = hex(encodeAwareness([2, 1].map((clientId) => ({ clientId, clock: 100, state: "100" }))));
    expect([a.take(), connection.take()]).toEqual([[`awareness ${latest}`], [`other awareness ${latest}`]]);
  });

  test("2,000 rooms share one timer once their members have been there for a second", async () => {
    const { clock, open } = await setUp();
    for (let index = 0; index < 2_000; index += 1) {
      const room = await open(`room ${index}`);
      room.join({ connection: new FakeConnection(String(index)), encoding, access: "write" });
    }
    clock.advance(1_000);
    expect(clock.pendingTimers).toBe(1);
  });

  test("keeps no timer without members", async () => {
    const { clock, room, join } = await setUp();
    const [a, b] = [join("a"), join("b")];
    room.leave(a.member);
    expect(clock.pendingTimers).toBeGreaterThan(0);
    room.leave(b.member);
    await room.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test("compacts a long tail, and the document stays the same while updates arrive", async () => {
    const { room, store, open, join, turn, compactions } = await setUp();
    const a = join("a");
    const doc = new Y.Doc();
    const updates = updatesOf(() => {
      for (let index = 0; index < 2_000; index += 1)
        doc.getText("t").insert(0, "a line of some length that fills the log\n");
      doc.getText("t").delete(0, 60_000);
    }, doc);
    const [last = emptyVector] = updates.splice(-1);
    for (const update of updates) {
      void submit(room, a.member, sent(update));
      await turn();
    }
    void submit(room, a.member, sent(last));
    await turn();
    await settled();
    expect(compactions.length).toBeGreaterThanOrEqual(1);
    const stored = await store.load("document");
    expect(stored?.base).toBeDefined();
    const reopened = await open();
    const joiner = new FakeConnection("joiner");
    const member: SyncMember = { connection: joiner, encoding, access: "write" };
    reopened.join(member);
    reopened.ask(member);
    void reopened.sync(member, emptyVector);
    const copy = new Y.Doc();
    expect(joiner.sent.at(-1)).toStartWith("step2 ");
    for (const frame of joiner.sent.slice(1)) Y.applyUpdate(copy, Uint8Array.fromHex(String(frame).replace(/.* /, "")));
    expect(Y.equalSnapshots(Y.snapshot(copy), Y.snapshot(doc))).toBe(true);
  });

  test("compacts when it is closed, so that the next opening reads one row", async () => {
    const { room, store, join, turn, compactions } = await setUp();
    const a = join("a");
    void submit(room, a.member, sent(first));
    await turn();
    void submit(room, a.member, sent(second));
    room.leave(a.member);
    const closing = room.close();
    await turn();
    await closing;
    expect(compactions).toEqual([2]);
    expect(await store.load("document")).toMatchObject({ base: expect.anything(), tail: [] });
  });

  test("a close that skips the compaction leaves it undone, and changes no row afterwards", async () => {
    const gate = Promise.withResolvers<void>();
    const { room, store, join, turn } = await setUp({}, new InlineCompactor({ gate: gate.promise }));
    const a = join("a");
    void submit(room, a.member, sent(first));
    room.leave(a.member);
    const closing = room.close();
    await turn();
    room.skipCompaction();
    await closing;
    gate.resolve();
    await settled();
    expect(await store.load("document")).toMatchObject({ base: undefined, tail: [{ update: first }] });
  });

  test("a closed compactor is not asked again", async () => {
    const compactor = new InlineCompactor();
    await compactor.close();
    const { room, join, turn, compactions } = await setUp({}, compactor);
    const a = join("a");
    for (const update of updatesOf((doc) => {
      for (let index = 0; index < 3; index += 1) doc.getText("t").insert(0, "x".repeat(40_000));
    })) {
      void submit(room, a.member, sent(update));
      await turn();
    }
    room.leave(a.member);
    await room.close();
    expect(compactions).toHaveLength(2);
  });

  test("a document that cannot be compacted is served as it is", async () => {
    const compact = () => {
      throw new Error("cannot be compacted");
    };
    const { room, store, join, turn } = await setUp({}, new InlineCompactor({ compact }));
    const a = join("a");
    void submit(room, a.member, sent(first));
    room.leave(a.member);
    const closing = room.close();
    await turn();
    await closing;
    expect(await store.load("document")).toMatchObject({ base: undefined, tail: [{ update: first }] });
  });
});
