import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { SyncRoom } from "../../../src/relay/sync-room.ts";
import { decodeFrame, encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../../src/relay/y-websocket/session.ts";
import type { PendingUpdate, RowId, StoredDocument } from "../../../src/storage/store.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { bringing, gc, updateBytes } from "../../support/bytes/update-bytes.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import { FailingStore } from "../../support/fakes/failing-store.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { type MemberUpdate, type RoomPartsOptions, roomParts, submit } from "../../support/servers/room-parts.ts";

/** A store whose reads wait on command. */
class SlowStore extends FailingStore {
  loads = 0;
  #gate: Promise<void> | undefined;
  #answers: Promise<void> | undefined;

  holdLoads(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  /** Lets appends take effect, but answers them only when the returned function is called. */
  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#answers = promise;
    return () => {
      this.#answers = undefined;
      resolve();
    };
  }

  override async append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    const rows = await super.append(batch);
    await this.#answers;
    return rows;
  }

  override async load(document: string): Promise<StoredDocument | undefined> {
    this.loads += 1;
    // The log is read when the call is made: later appends are not in it.
    const stored = await super.load(document);
    await this.#gate;
    return stored;
  }
}

const emptyVector = Uint8Array.of(0);

/** An update whose acknowledgement is the same frame, as in y-websocket. */
const sent = (update: Uint8Array): MemberUpdate => ({
  update,
  acknowledgement: () => encodeMessage({ type: "update", update }),
});

async function setUp(options: RoomPartsOptions = {}) {
  const store = new SlowStore(openMemoryStore());
  const { clock, memory, compactor, open, turn } = roomParts(options, store);
  const join = (room: SyncRoom, id: string) => {
    const connection = new FakeConnection(id);
    const member = { connection, encoding: yWebsocketEncoding, access: "write" as const };
    room.join(member);
    room.ask(member);
    connection.take();
    return { member, take: () => connection.take() };
  };
  return { clock, store, memory, compactor, open, join, turn };
}

const doc = new Y.Doc();
const typing = updatesOf((each) => {
  each.getText("t").insert(0, "hello");
  each.getText("t").insert(5, " world");
  each.getText("t").delete(0, 2);
  each.getText("t").insert(0, "J");
}, doc);
const [hello = emptyVector, world = emptyVector, cut = emptyVector, capital = emptyVector] = typing;

/** The document of a client that received these frames. */
function textOf(frames: readonly (string | Uint8Array)[]): string {
  const copy = new Y.Doc();
  for (const frame of frames) {
    if (typeof frame === "string" || frame[0] !== 0 || frame[1] === 0) continue;
    const message = decodeFrame(frame);
    if ("update" in message) Y.applyUpdate(copy, message.update);
  }
  return copy.getText("t").toString();
}

describe("an idle room with members", () => {
  test("keeps its state vector but not its bytes, and accepts updates without reading them again", async () => {
    const { clock, store, memory, open, join, turn } = await setUp();
    const room = await open();
    const a = join(room, "a");
    void submit(room, a.member, sent(hello));
    await turn();
    await room.sync(a.member, emptyVector);
    expect(memory.bytes).toBeGreaterThan(0);
    clock.advance(15_000);
    expect(memory.bytes).toBe(0);
    a.take();
    expect(submit(room, a.member, sent(world))).toBe("taken");
    expect(submit(room, a.member, sent(hello))).toBe("taken");
    await turn();
    clock.runTurns();
    expect([store.loads, memory.bytes]).toEqual([1, 0]);
    expect(store.appended.flat()).toHaveLength(2);
    expect(a.take()).toHaveLength(2);
  });

  test("answers a new member with everything, updates committed while it reads included", async () => {
    const { clock, store, open, join, turn } = await setUp();
    const room = await open();
    const a = join(room, "a");
    void submit(room, a.member, sent(hello));
    await turn();
    clock.advance(15_000);
    const release = store.holdLoads();
    const joiner = join(room, "joiner");
    const answering = room.sync(joiner.member, emptyVector);
    expect(answering).toBeInstanceOf(Promise);
    void submit(room, a.member, sent(world));
    await turn();
    expect(joiner.take()).toEqual([]);
    release();
    await answering;
    const frames = joiner.take();
    expect([frames, textOf(frames)]).toEqual([[expect.anything()], "hello world"]);
    expect(store.loads).toBe(2);
  });

  test("counts an update once that the store has written but not confirmed yet", async () => {
    const { clock, store, open, join, turn } = await setUp();
    const room = await open();
    const a = join(room, "a");
    void submit(room, a.member, sent(hello));
    await turn();
    clock.advance(15_000);
    const answer = store.holdAnswers();
    void submit(room, a.member, sent(world));
    await turn();
    const joiner = join(room, "joiner");
    await room.sync(joiner.member, emptyVector);
    expect(textOf(joiner.take())).toBe("hello");
    answer();
    await turn();
    expect(joiner.take()).toHaveLength(1);
    for (const each of [a, joiner]) room.leave(each.member);
    await room.close();
    expect(await store.load("document")).toMatchObject({ base: expect.anything(), tail: [] });
  });

  test("reads once for all members that ask meanwhile", async () => {
    const { clock, store, open, join, turn } = await setUp();
    const room = await open();
    void submit(room, join(room, "a").member, sent(hello));
    await turn();
    clock.advance(15_000);
    const joiners = ["b", "c", "d"].map((id) => join(room, id));
    await Promise.all(joiners.map(({ member }) => room.sync(member, emptyVector)));
    expect(joiners.map(({ take }) => textOf(take()))).toEqual(["hello", "hello", "hello"]);
    expect(store.loads).toBe(2);
  });

  test("reads its bytes to find out whether deletes are known", async () => {
    const { clock, store, open, join, turn } = await setUp();
    const room = await open();
    const a = join(room, "a");
    for (const update of [hello, world, cut]) void submit(room, a.member, sent(update));
    await turn();
    const rows = store.appended.flat().length;
    clock.advance(15_000);
    const b = join(room, "b");
    expect(await submit(room, b.member, sent(cut))).toBe("taken");
    await turn();
    expect(store.appended.flat()).toHaveLength(rows);
    clock.advance(15_000);
    expect(await submit(room, b.member, sent(Y.mergeUpdates(typing)))).toBe("taken");
    await turn();
    expect(store.appended.flat()).toHaveLength(rows + 1);
    await room.sync(b.member, emptyVector);
    expect(textOf(b.take())).toBe(doc.getText("t").toString());
  });

  test("is compacted from the stored rows", async () => {
    const { clock, store, compactor, open, join, turn } = await setUp();
    const room = await open();
    const a = join(room, "a");
    for (const update of [hello, world]) {
      void submit(room, a.member, sent(update));
      await turn();
    }
    clock.advance(15_000);
    void submit(room, a.member, sent(capital));
    await turn();
    room.leave(a.member);
    await room.close();
    expect(compactor.compactions).toEqual([3]);
    expect(await store.load("document")).toMatchObject({ base: expect.anything(), tail: [] });
  });

  test("answers storage-unavailable while its document cannot be read", async () => {
    const { clock, store, open, join, turn } = await setUp();
    const room = await open();
    void submit(room, join(room, "a").member, sent(hello));
    await turn();
    clock.advance(15_000);
    store.fail("unavailable");
    const joiner = join(room, "joiner");
    await expect(room.sync(joiner.member, emptyVector)).rejects.toMatchObject({
      reason: closeReasons.storageUnavailable,
    });
    store.recover();
    await room.sync(joiner.member, emptyVector);
    expect(textOf(joiner.take())).toBe("hello");
  });
});

test("rooms share one memory limit: a join in one room unloads another, and all members are served", async () => {
  const { memory, store, open, join, turn } = await setUp({ documentMemoryBytes: 25_000 });
  const rooms = await Promise.all(Array.from({ length: 5 }, (_, index) => open(`${index}`)));
  for (const room of rooms) {
    void submit(
      room,
      join(room, "writer").member,
      sent(updatesOf((each) => each.getText("t").insert(0, "x".repeat(10_000)))[0] ?? emptyVector),
    );
    await turn();
    expect(memory.bytes).toBeLessThan(25_000);
  }
  for (let round = 0; round < 3; round += 1) {
    const joiners = rooms.map((room) => ({ room, ...join(room, `${round}`) }));
    await Promise.all(joiners.map(({ room, member }) => room.sync(member, emptyVector)));
    expect(joiners.map(({ take }) => take().length)).toEqual([1, 1, 1, 1, 1]);
    expect(memory.bytes).toBeLessThan(25_000);
  }
  expect(store.loads).toBeGreaterThan(10);
});

describe("a large document", () => {
  /** One piece: a value is not cut. */
  const large = updatesOf((each) => each.getArray("a").insert(0, [new Uint8Array(3_000)]))[0] ?? emptyVector;
  const limits = { outboxBytes: 4_000, snapshotPieceBytes: 1_000, snapshotBurstBytes: 9_500, snapshotsBytes: 9_500 };

  test("is sent to as many members as the budget allows, and to the others once those have it", async () => {
    const { open, join, turn } = await setUp({ limits: { ...limits, snapshotBurstBytes: 11_000 } });
    const room = await open();
    void submit(room, join(room, "writer").member, sent(large));
    await turn();
    await room.sync(join(room, "first").member, emptyVector);
    const joiners = Array.from({ length: 5 }, (_, index) => join(room, `${index}`));
    for (const { member } of joiners) member.connection.unsentBytes = 2_000;
    const answers = joiners.map(({ member }) => room.sync(member, emptyVector));
    await settled();
    // Each joiner counts two pieces. The document counts for the one that is sent it.
    expect(joiners.map(({ take }) => take().length)).toEqual([1, 1, 1, 0, 0]);
    joiners[0]?.member.connection.drain();
    await settled();
    expect(joiners.map(({ take }) => take().filter((frame) => frame.length > 99).length)).toEqual([0, 0, 0, 1, 0]);
    for (const { member } of joiners.slice(1, 3)) room.leave(member);
    await Promise.all(answers);
    expect(joiners.map(({ take }) => take().length)).toEqual([0, 0, 0, 0, 1]);
  });

  test("is encoded once for all members that ask at the same time", async () => {
    const { open, join, turn } = await setUp({ limits });
    const room = await open();
    void submit(room, join(room, "writer").member, sent(large));
    await turn();
    const [a, b] = [join(room, "a"), join(room, "b")];
    await Promise.all([a, b].map(({ member }) => room.sync(member, emptyVector)));
    expect(a.take()[0]).toBe(b.take()[0] ?? "");
  });

  test("does not wait for ever for a link that makes no progress", async () => {
    const { clock, open, join, turn } = await setUp({ limits });
    const room = await open();
    void submit(room, join(room, "writer").member, sent(large));
    await turn();
    const stalled = join(room, "stalled");
    stalled.member.connection.unsentBytes = 10_000_000;
    await room.sync(stalled.member, emptyVector);
    for (let count = 0; count < 10; count += 1) {
      clock.advance(20_000);
      stalled.member.connection.unsentBytes -= 70_000;
      expect(stalled.member.connection.isOpen).toBe(true);
    }
    clock.advance(70_000);
    expect(stalled.member.connection.closeReason).toBe(closeReasons.overloaded);
  });

  test("a member whose backlog exceeds its outbox is answered anew, and misses nothing", async () => {
    const { open, join, turn } = await setUp({ limits });
    const room = await open();
    const writer = join(room, "writer");
    void submit(room, writer.member, sent(large));
    await turn();
    const slow = join(room, "slow");
    slow.member.connection.unsentBytes = 1;
    await room.sync(slow.member, emptyVector);
    const answered = slow.take();
    const updates = updatesOf((each) => {
      for (let count = 0; count < 8; count += 1) each.getText("t").insert(0, "y".repeat(900));
    });
    for (const update of updates.slice(0, 7)) void submit(room, writer.member, sent(update));
    await turn();
    expect(slow.take()).toEqual([]);
    slow.member.connection.drain();
    await settled();
    // This one comes as every other.
    for (const update of updates.slice(7)) void submit(room, writer.member, sent(update));
    await turn();
    const frames = slow.take();
    expect(frames.map((frame) => (frame instanceof Uint8Array ? frame[1] : frame))).toContain(1);
    expect(frames.at(-1)).toEqual(encodeMessage({ type: "update", update: updates[7] ?? emptyVector }));
    expect(textOf([...answered, ...frames])).toHaveLength(8 * 900);
  });
});

test("a document stays in memory while a large update is compared with it", async () => {
  const { clock, open, join } = await setUp();
  const room = await open();
  const [sender, other] = [join(room, "sender"), join(room, "other")];
  const { turns } = sender.member.connection;
  turns.isStepwise = true;
  const large = updateBytes(
    Array.from({ length: 20_000 }, (_, index) => ({ client: 20_000 - index, clock: 0, structs: [gc(2)] })),
    [{ client: 1, ranges: [[0, 1]] }],
  );
  const outcome = submit(room, sender.member, { update: large });
  for (let step = 1; turns.waiting > 0; step += 1) {
    // A staged update makes the comparison begin again.
    if (step < 12) void submit(room, other.member, { update: bringing(step, 0, 2) });
    clock.advance(13_000);
    turns.next();
    await settled();
  }
  expect(await outcome).toBe("taken");
});
