import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { Limits } from "../../src/composition/settings/limits.ts";
import type { Submission } from "../../src/relay/submission.ts";
import type { SyncEncoding, SyncMember } from "../../src/relay/sync-member.ts";
import type { SyncRoom } from "../../src/relay/sync-room.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { updatesOf } from "../support/clients/raw-client.ts";
import { settled } from "../support/eventually.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { InlineCompactor } from "../support/fakes/inline-compactor.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";
import { tuple } from "../support/tuple.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

const encoding: SyncEncoding = {
  syncStep1: (stateVector) => `step1 ${hex(stateVector)}`,
  syncStep2: (update) => `step2 ${hex(update)}`,
  update: (update) => `update ${hex(update)}`,
  awareness: (body) => `awareness ${hex(body)}`,
};

const emptyVector = Uint8Array.of(0);
const [first, second, third] = tuple(
  3,
  updatesOf((doc) => {
    doc.clientID = 7;
    for (const character of "abc") doc.getText("t").insert(0, character);
  }),
);

async function setUp(limits: Partial<Limits> = {}) {
  const store = new FailingStore(openMemoryStore());
  const parts = roomParts({ limits, compactor: new InlineCompactor() }, store);
  const room = await parts.open();
  const join = (id: string) => {
    const connection = new FakeConnection(id);
    const member = { connection, encoding, access: "write" as const, user: `user of ${id}` };
    room.join(member);
    void room.sync(member, emptyVector);
    connection.take();
    return { connection, member, take: () => connection.take() };
  };
  const told: string[] = [];
  /** An update of the server. */
  const ofServer = (name: string, update: Uint8Array): Submission => ({
    update,
    access: "write",
    stored: () => told.push(`${name} stored`),
    discarded: () => told.push(`${name} discarded`),
  });
  return { ...parts, store, room, join, told, ofServer, turn: parts.turnAndSync };
}

test("a write to the store is work of the member whose updates it has", async () => {
  const { room, join, turn } = await setUp();
  const [a, b] = [join("a"), join("b")];
  const writes = () => [a.connection.spent.writes, b.connection.spent.writes];
  // They are joined.
  for (const update of [first, second]) void submit(room, a.member, { update });
  expect(writes()).toEqual([1, undefined]);
  await turn();
  void submit(room, a.member, { update: third });
  void submit(room, b.member, { update: third });
  expect(writes()).toEqual([2, undefined]);
});

test("an update is stored with the user of its member, or of its submission", async () => {
  const { room, store, join, turn, ofServer } = await setUp();
  void submit(room, join("a").member, { update: first });
  void room.updates.submit({ ...ofServer("edit", second), user: "the key of an app" });
  void room.updates.submit(ofServer("edit", third));
  await turn();
  expect(store.appended.flat().map(({ user }) => user)).toEqual(["user of a", "the key of an app", undefined]);
});

test("changes are told in the order of their commits, when the members have got them", async () => {
  const { room, join, turn, changes, ofServer } = await setUp();
  const [a, b] = [join("a"), join("b")];
  const told: unknown[] = [];
  changes.watch("document", ({ row, update, user }) => told.push([row, hex(update), user, b.take()]));
  changes.watch("another", () => told.push("of another document"));
  void submit(room, a.member, { update: first });
  void room.updates.submit({ ...ofServer("edit", second), user: "app" });
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual([
    [1, hex(first), "user of a", [`update ${hex(first)}`]],
    [2, hex(second), "app", [`update ${hex(second)}`]],
  ]);
  expect(room.sequence).toBe(2);
});

describe("an update of the server", () => {
  test("is stored, sent to all members, and reported when it is durable", async () => {
    const { room, store, join, told, ofServer, turn, clock } = await setUp();
    const [a, b] = [join("a"), join("b")];
    const release = store.holdSync();
    expect(room.updates.submit(ofServer("edit", first))).toBe("taken");
    expect([a.take(), b.take()]).toEqual([[], []]);
    clock.runTurns();
    await settled();
    expect(store.appended.flat().map(({ update }) => update)).toEqual([first]);
    expect([a.take(), b.take(), told]).toEqual([[`update ${hex(first)}`], [`update ${hex(first)}`], []]);
    release();
    await turn();
    expect(told).toEqual(["edit stored"]);
  });

  test("that a member has sent before is reported with the member's own", async () => {
    const { room, store, join, told, ofServer, turn } = await setUp();
    const a = join("a");
    const release = store.hold();
    void submit(room, a.member, { update: first, acknowledgement: () => "mine" });
    void room.updates.submit(ofServer("copy", first));
    await turn();
    expect([a.take(), told]).toEqual([[], []]);
    release();
    await turn();
    expect([a.take(), told, store.appended.flat()]).toEqual([["mine"], ["copy stored"], [expect.anything()]]);
  });

  test("needs the permission to write, and space, as one of a member does", async () => {
    const { room, store, ofServer, told, turn } = await setUp({ documentBytes: 20 });
    expect(room.updates.submit({ update: first, access: "read" })).toBe("read-only");
    expect(() => room.updates.submit(ofServer("bad", first.subarray(1)))).toThrow();
    expect(await room.updates.submit(ofServer("large", Y.mergeUpdates([first, second, third])))).toBe("too-large");
    await turn();
    expect([store.appended, told]).toEqual([[], []]);
  });

  test("is reported as discarded once when the store gives up, and members are closed once", async () => {
    const { room, store, join, told, ofServer, turn } = await setUp();
    const a = join("a");
    store.fail("corrupt");
    void room.updates.submit(ofServer("one", first));
    void room.updates.submit(ofServer("two", second));
    void room.updates.submit(ofServer("copy", first));
    await turn();
    expect(told.toSorted()).toEqual(["copy discarded", "one discarded", "two discarded"]);
    expect(a.connection.closeReason).toBe(closeReasons.storageUnavailable);
    store.recover();
    void room.updates.submit(ofServer("again", first));
    await turn();
    expect(told.slice(3)).toEqual(["again stored"]);
  });
});

describe("an update that another node has committed", () => {
  test("is published and known from then on, and not stored", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void room.updates.advance({ update: first, row: 40 });
    expect([a.take(), b.take()]).toEqual([[`update ${hex(first)}`], [`update ${hex(first)}`]]);
    void submit(room, a.member, { update: first, acknowledgement: () => "known" });
    await turn();
    expect([a.take(), b.take(), store.appended]).toEqual([["known"], [], []]);
    void room.updates.advance({ update: first, row: 41 });
    void room.updates.advance({ update: Y.mergeUpdates([first, second]), row: 42 });
    expect([a.take(), b.take()]).toEqual([[`update ${hex(second)}`], [`update ${hex(second)}`]]);
    const joiner = new FakeConnection("joiner");
    const member = { connection: joiner, encoding, access: "write" as const };
    room.join(member);
    void room.sync(member, emptyVector);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Uint8Array.fromHex(String(joiner.take()[0]).slice("step2 ".length)));
    expect(doc.getText("t").toString()).toBe("ba");
    expect(() => void room.updates.advance({ update: first.subarray(1), row: 43 })).toThrow();
  });

  test("is not published again when a member's copy of it is committed, and that copy is acknowledged", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    void submit(room, a.member, { update: first, acknowledgement: () => "mine" });
    void room.updates.advance({ update: first, row: 40 });
    expect([a.take(), b.take()]).toEqual([[`update ${hex(first)}`], [`update ${hex(first)}`]]);
    await turn();
    expect([a.take(), b.take(), store.appended.flat()]).toEqual([["mine"], [], [expect.anything()]]);
    void submit(room, a.member, { update: second });
    await turn();
    expect(b.take()).toEqual([`update ${hex(second)}`]);
  });
});

test("a fault of one origin keeps no other from being told", async () => {
  const { room, told, ofServer, turn } = await setUp();
  const fault = () => {
    throw new Error("a fault of ours");
  };
  void room.updates.submit({ update: first, access: "write", stored: fault });
  void room.updates.submit(ofServer("other", second));
  await turn();
  expect(told).toEqual(["other stored"]);
});

describe("the updates of one member in one turn", () => {
  const typed = updatesOf((doc) => {
    doc.clientID = 9;
    for (let index = 0; index < 40; index += 1) doc.getText("t").insert(index, String(index % 10));
    doc.getText("t").delete(3, 2);
  });
  const textOf = (updates: readonly Uint8Array[]) => {
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    return doc.getText("t").toString();
  };
  const updatesIn = (frames: readonly (string | Uint8Array)[]) =>
    frames.map((frame) => (typeof frame === "string" ? Uint8Array.fromHex(frame.replace("update ", "")) : frame));
  const acknowledged = (index: number) => ({ acknowledgement: () => `stored ${index}` });
  /** Submits updates as a session does: by their frames where that is possible. */
  const type = ({ updates }: SyncRoom, member: SyncMember, all: readonly Uint8Array[], from = 0) => {
    for (const [index, update] of all.entries()) {
      const stored = () => updates.acknowledge(member, `stored ${from + index}`);
      const submission = { sender: member, access: "write", frame: update, stored } as const;
      if (!updates.submitFrame(submission, 0)) void updates.submit({ ...submission, update, frame: undefined });
    }
  };

  test.each(["frames", "updates"])("are one row and one frame, and each is acknowledged by itself (%s)", async (as) => {
    const { room, store, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    if (as === "frames") type(room, a.member, typed);
    else for (const [index, update] of typed.entries()) void submit(room, a.member, { update, ...acknowledged(index) });
    await turn();
    const stored = store.appended.flat().map(({ update }) => update);
    expect(stored).toHaveLength(1);
    expect(updatesIn(b.take()).map(hex)).toEqual(stored.map(hex));
    expect(textOf(stored)).toBe(textOf(typed));
    expect(a.take()).toEqual(typed.map((_, index) => `stored ${index}`));
    // Adjacent texts are one item.
    const bytes = typed.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (as === "frames") expect(stored[0]?.byteLength).toBeLessThan(bytes / 5);
  });

  test("are not acknowledged before they are durable, and known from the moment they come", async () => {
    const { room, store, join, clock } = await setUp();
    const [a, b] = [join("a"), join("b")];
    const release = store.holdSync();
    type(room, a.member, typed.slice(0, 3));
    void submit(room, b.member, { update: Y.mergeUpdates(typed.slice(0, 2)), ...acknowledged(0) });
    clock.runTurns();
    await settled();
    expect([a.take(), b.take().length, store.appended.flat().length]).toEqual([[], 1, 1]);
    release();
    await settled();
    expect([a.take(), b.take()]).toEqual([["stored 0", "stored 1", "stored 2"], ["stored 0"]]);
  });

  test("alone, an update is forwarded in its frame, unchanged", async () => {
    const { room, join, turn } = await setUp();
    const [a, b] = [join("a"), join("b")];
    const frame = typed[0] ?? emptyVector;
    expect(room.updates.submitFrame({ sender: a.member, access: "write", frame }, 0)).toBe(true);
    await turn();
    expect(b.take()[0]).toBe(frame);
    void submit(room, a.member, { update: first, frame: "as it came" });
    await turn();
    expect(b.take()).toEqual(["as it came"]);
  });

  test("are never joined with those of another member", async () => {
    const { room, store, join, turn } = await setUp();
    const [a, b, c] = [join("a"), join("b"), join("c")];
    const release = store.holdSync();
    type(room, a.member, typed.slice(0, 1));
    type(room, b.member, typed.slice(1, 2), 1);
    type(room, a.member, typed.slice(2, 3), 2);
    await turn();
    // Otherwise a member would receive its own update before it is durable.
    const [one, two, three] = typed.slice(0, 3).map(hex);
    expect(store.appended.flat().map(({ update }) => hex(update))).toEqual([String(one), String(two), String(three)]);
    expect(updatesIn(a.take()).map(hex)).toEqual([String(two)]);
    expect(updatesIn(b.take()).map(hex)).toEqual([String(one), String(three)]);
    expect(c.take()).toHaveLength(3);
    release();
    await turn();
    expect([a.take(), b.take()]).toEqual([["stored 0", "stored 2"], ["stored 1"]]);
  });

  test("are joined up to 16 kB, and less for a small outbox", async () => {
    const pasted = updatesOf((doc) => {
      for (let index = 0; index < 40; index += 1) doc.getText("t").insert(index * 900, "x".repeat(900));
    });
    for (const [outboxBytes, largest] of [
      [8 * 2 ** 20, 16_384],
      [32_000, 4_000],
    ] as const) {
      const { room, store, join, turn } = await setUp({ outboxBytes });
      const [a, b] = [join("a"), join("b")];
      type(room, a.member, pasted);
      await turn();
      const stored = store.appended.flat().map(({ update }) => update);
      for (const { byteLength } of stored.slice(0, -1)) expect(byteLength).toBeWithin(largest / 2, largest + 1);
      expect(textOf(stored)).toBe(textOf(pasted));
      expect(textOf(updatesIn(b.take()))).toBe(textOf(pasted));
    }
  });

  test("join no transaction that has begun, and are kept in order while the store fails", async () => {
    const { room, store, join, turn, clock } = await setUp();
    const [a, b] = [join("a"), join("b")];
    store.fail("unavailable");
    type(room, a.member, typed.slice(0, 2));
    await turn();
    type(room, a.member, typed.slice(2, 4), 2);
    await turn();
    expect([a.take(), b.take()]).toEqual([[], []]);
    store.recover();
    clock.advance(100);
    await settled();
    await turn();
    expect(store.appended.flat()).toHaveLength(2);
    expect(textOf(updatesIn(b.take()))).toBe("0123");
    expect(a.take()).toEqual([0, 1, 2, 3].map((index) => `stored ${index}`));
  });

  test("count with all of their bytes against the limit of waiting updates, and are forgotten beyond it", async () => {
    const bytes = typed.slice(0, 3).reduce((sum, { byteLength }) => sum + byteLength, 0);
    const { room, store, join, turn } = await setUp({ waitingUpdateBytes: bytes - 1 });
    const a = join("a");
    store.fail("unavailable");
    type(room, a.member, typed.slice(0, 1));
    await turn();
    type(room, a.member, typed.slice(1, 2), 1);
    expect(a.connection.isOpen).toBe(true);
    type(room, a.member, typed.slice(2, 3), 2);
    expect(a.connection.closeReason).toBe(closeReasons.storageUnavailable);
    store.recover();
    const back = join("back");
    const observer = join("observer");
    for (let index = 0; index < 3; index += 1) {
      type(room, back.member, typed.slice(index, index + 1), index);
      await turn();
    }
    expect(back.take()).toEqual(["stored 0", "stored 1", "stored 2"]);
    expect(textOf(updatesIn(observer.take()))).toBe("012");
    expect(textOf(store.appended.flat().map(({ update }) => update))).toBe("012");
  });

  test("need permission, and space", async () => {
    const { room, store, join, turn } = await setUp({ documentBytes: 20 });
    const a = join("a");
    const [one = emptyVector, two = emptyVector] = typed;
    expect(room.updates.submitFrame({ sender: a.member, access: "read", frame: one }, 0)).toBe(false);
    expect(room.updates.submitFrame({ sender: a.member, access: "write", frame: one }, 0)).toBe(true);
    expect(room.updates.submitFrame({ sender: a.member, access: "write", frame: two }, 0)).toBe(false);
    await turn();
    expect(store.appended.flat()).toHaveLength(1);
  });
});
