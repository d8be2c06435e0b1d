import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { Deletion } from "../../src/relay/deletion.ts";
import { DocumentDeleted } from "../../src/relay/document/document-deleted.ts";
import type { SyncEncoding } from "../../src/relay/sync-member.ts";
import { BusNetwork } from "../support/cluster/bus-network.ts";
import { settled } from "../support/eventually.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { SharedStore } from "../support/fakes/shared-store.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";

const encoding: SyncEncoding = {
  syncStep1: () => "step1",
  syncStep2: () => "step2",
  update: () => "update",
  awareness: () => "awareness",
};

const lingerMs = 10_000;

function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("t").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

function setUp() {
  const store = new FailingStore(openMemoryStore());
  const parts = roomParts({}, store);
  const { rooms } = parts;
  const deletion = new Deletion({ store, rooms });
  /** A client in a document, and the reason that it was told for its end. */
  const enter = async (document = "document") => {
    const lease = await rooms.acquire(document);
    const connection = new FakeConnection("member");
    const told: string[] = [];
    const member = {
      connection,
      encoding,
      access: "write" as const,
      ended: ({ code }: { code: string }) => told.push(code),
    };
    lease.room.join(member);
    return { room: lease.room, member, told, release: () => lease.release() };
  };
  const write = async (text = "text", document = "document") => {
    const client = await enter(document);
    void submit(client.room, client.member, { update: updateOf(text) });
    await parts.turnAndSync();
    return client;
  };
  /** The text of a document that somebody opens. */
  const read = async (document = "document") => {
    const lease = await rooms.acquire(document);
    const doc = new Y.Doc();
    for (const update of (await lease.room.parts()).updates) Y.applyUpdate(doc, update);
    lease.release();
    return doc.getText("t").toString();
  };
  const entering = () =>
    rooms.acquire("document").then(
      () => "entered",
      (error: unknown) => error,
    );
  return { ...parts, store, deletion, enter, write, read, entering };
}

test("a deletion ends every membership, and nobody can enter or write until it is taken back", async () => {
  const { deletion, write, enter, entering, read } = setUp();
  const first = await write();
  const second = await enter();
  expect(await deletion.delete("document")).toBe(true);
  expect([first.told, second.told]).toEqual([["deleted"], ["deleted"]]);
  expect([...first.room.members]).toEqual([]);
  expect(await entering()).toBeInstanceOf(DocumentDeleted);
  expect(() => submit(first.room, first.member, { update: updateOf("late") })).toThrow(DocumentDeleted);
  expect(() => first.room.join(first.member)).toThrow(DocumentDeleted);
  expect(await deletion.undelete("document")).toBe(true);
  expect(await read()).toBe("text");
});

test("a deletion is idempotent, and reports a document that does not exist", async () => {
  const { deletion, write, store } = setUp();
  await write();
  await deletion.delete("document");
  const deletedAt = (await store.info("document"))?.deletedAt;
  expect(await deletion.delete("document")).toBe(true);
  expect((await store.info("document"))?.deletedAt).toBe(deletedAt as number);
  expect(await deletion.delete("another")).toBe(false);
  expect(await deletion.undelete("another")).toBe(false);
  expect(await deletion.purge("another")).toBe(false);
  expect(await store.info("another")).toBeUndefined();
});

test("an update that waits for the store when its document is deleted is stored, and undelete brings it back", async () => {
  const { deletion, write, read, clock } = setUp();
  const { room, member } = await write("first ");
  void submit(room, member, { update: updateOf("second") });
  const deleting = deletion.delete("document");
  await settled();
  clock.runTurns();
  await deleting;
  await deletion.undelete("document");
  expect((await read()).length).toBe("first second".length);
});

test("a client that enters while its document is deleted is let in by neither the old room nor a new one", async () => {
  const { deletion, write, store, entering } = setUp();
  (await write()).release();
  const release = store.holdLoad();
  const deleting = deletion.delete("document");
  const entered = entering();
  release();
  await deleting;
  const outcome = await entered;
  // It may have entered before the deletion; then it has the room that the deletion has ended.
  if (outcome !== "entered") expect(outcome).toBeInstanceOf(DocumentDeleted);
  expect(await entering()).toBeInstanceOf(DocumentDeleted);
});

test("a store that fails leaves the document as it was, with its members", async () => {
  const { deletion, write, enter, store } = setUp();
  const { told } = await write();
  store.fail("unavailable");
  await expect(deletion.delete("document")).rejects.toMatchObject({ kind: "unavailable" });
  expect(told).toEqual([]);
  store.recover();
  await enter();
});

test("a purge removes the document for ever, and its name can be used again", async () => {
  const { deletion, write, read, store, clock } = setUp();
  const { told, release } = await write("forgotten");
  expect(await deletion.purge("document")).toBe(true);
  expect(told).toEqual(["deleted"]);
  expect(await store.info("document")).toBeUndefined();
  expect(await read()).toBe("");
  await write("new");
  // The leases of the old members end later.
  release();
  clock.advance(lingerMs);
  expect(await read()).toBe("new");
});

test("a document that is deleted already can be purged", async () => {
  const { deletion, write, store } = setUp();
  await write();
  await deletion.delete("document");
  expect(await deletion.purge("document")).toBe(true);
  expect(await store.info("document")).toBeUndefined();
});

test("a deletion that is taken back while its document is purged is not there any more", async () => {
  const { deletion, write, read, store } = setUp();
  await write();
  const purging = deletion.purge("document");
  const undeleting = deletion.undelete("document");
  expect(await Promise.all([purging, undeleting])).toEqual([true, false]);
  expect(await store.info("document")).toBeUndefined();
  expect(await read()).toBe("");
});

test("a document is purged as one deleted long ago only if it is so still", async () => {
  const { deletion, write, read, store } = setUp();
  await write();
  expect(await deletion.purgeDeleted("document", Number.MAX_SAFE_INTEGER)).toBe(false);
  await deletion.delete("document");
  const { deletedAt = 0 } = (await store.info("document")) ?? {};
  expect(await deletion.purgeDeleted("document", deletedAt - 1)).toBe(false);
  const undeleting = deletion.undelete("document");
  const purging = deletion.purgeDeleted("document", deletedAt);
  expect(await Promise.all([undeleting, purging])).toEqual([true, false]);
  expect(await read()).toBe("text");
  await deletion.delete("document");
  expect(await deletion.purgeDeleted("document", Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(await store.info("document")).toBeUndefined();
});

describe("a document that is open on another node", () => {
  async function setUpNodes() {
    const [shared, network] = [new SharedStore(), new BusNetwork(new FakeClock())];
    const nodes = ["a", "b"].map((name) => {
      const store = shared.openNode();
      const parts = roomParts({}, store);
      return { ...parts, store, deletion: new Deletion({ store, rooms: parts.rooms, bus: network.join(name) }) };
    });
    await network.settled();
    const [a, b] = nodes;
    if (a === undefined || b === undefined) throw new Error("a node is missing");
    const { room } = await b.rooms.acquire("document");
    const told: string[] = [];
    const connection = new FakeConnection("member");
    const ended = ({ code }: { code: string }) => told.push(code);
    const member = { connection, encoding, access: "write" as const, ended };
    room.join(member);
    const write = (text: string) => void submit(room, member, { update: updateOf(text) });
    write("first");
    await b.turnAndSync();
    return { a, b, told, write, network };
  }

  test("is closed there before it is purged, with the update that waited", async () => {
    const { a, b, told, write, network } = await setUpNodes();
    write("second");
    const purged: unknown[] = [];
    const purge = a.store.purge;
    a.store.purge = async (document) => {
      await a.store.undelete(document);
      const stored = await a.store.load(document);
      const doc = new Y.Doc();
      for (const { update } of [...(stored?.base ? [stored.base] : []), ...(stored?.tail ?? [])])
        Y.applyUpdate(doc, update);
      purged.push(b.rooms.isInUse(document), doc.getText("t").length);
      return await purge(document);
    };
    const purging = a.deletion.purge("document");
    while (purged.length === 0) {
      await network.settled();
      await b.turnAndSync();
    }
    expect(await purging).toBe(true);
    expect([purged, told]).toEqual([[false, "firstsecond".length], ["deleted"]]);
    expect(await a.store.info("document")).toBeUndefined();
  });

  test("stays open if the deletion was taken back before the question arrives", async () => {
    const { a, b, told, network } = await setUpNodes();
    network.hold("b");
    const deleting = a.deletion.delete("document");
    while ((await a.store.info("document"))?.deletedAt === undefined) await settled();
    await a.store.undelete("document");
    network.release("b");
    await network.settled();
    expect(await deleting).toBe(true);
    expect([b.rooms.isInUse("document"), told]).toEqual([true, []]);
  });

  test("does not keep a deletion waiting for longer than a second", async () => {
    const { a, network } = await setUpNodes();
    network.hold("b");
    const deleting = a.deletion.delete("document");
    while ((await a.store.info("document"))?.deletedAt === undefined) await settled();
    network.kill("b");
    expect(await deleting).toBe(true);
  });
});
