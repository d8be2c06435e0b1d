import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { FollowedRooms } from "../../src/relay/followed-rooms.ts";
import { writeUpdate } from "../../src/relay/server-updates/write-update.ts";
import type { SyncEncoding, SyncMember } from "../../src/relay/sync-member.ts";
import { compaction, rowsOf } from "../support/bytes/counting.ts";
import { Random } from "../support/bytes/random.ts";
import { settled } from "../support/eventually.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { type NodeStore, SharedStore } from "../support/fakes/shared-store.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";

const hex = (bytes: Uint8Array) => bytes.toHex();

const encoding: SyncEncoding = {
  syncStep1: (stateVector) => `step1 ${hex(stateVector)}`,
  syncStep2: (update) => `step2 ${hex(update)}`,
  update: (update) => `update ${hex(update)}`,
  awareness: (body) => `awareness ${hex(body)}`,
};

/** A server of several, with its rooms. */
class Node {
  readonly store: NodeStore;
  readonly parts: ReturnType<typeof roomParts>;
  readonly followed: FollowedRooms;
  /** The reasons of compactions that have failed. */
  readonly failures: string[] = [];

  constructor(shared: SharedStore, documentMemoryBytes?: number) {
    this.store = shared.openNode();
    this.parts = roomParts(documentMemoryBytes === undefined ? {} : { documentMemoryBytes }, this.store);
    this.followed = new FollowedRooms(this.parts);
    void this.store.follow(this.followed);
    this.parts.events.watch(({ type }) => this.failures.push(type));
  }

  async join(): Promise<Client> {
    const { room } = await this.parts.rooms.acquire("d");
    const member = { connection: new FakeConnection("client"), encoding, access: "write" as const, ended: () => {} };
    const client = new Client(this, room, member);
    room.join(member);
    await room.sync(member, Uint8Array.of(0));
    return client;
  }

  turn(): Promise<void> {
    return this.parts.turnAndSync();
  }
}

type Room = Awaited<ReturnType<Node["parts"]["rooms"]["acquire"]>>["room"];

interface Member extends SyncMember {
  readonly connection: FakeConnection;
  ended: () => void;
}

/** A member with a document. */
class Client {
  readonly doc = new Y.Doc();
  readonly room: Room;
  readonly #node: Node;
  readonly member: Member;

  constructor(node: Node, room: Room, member: Member) {
    this.#node = node;
    this.room = room;
    this.member = member;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== this) void submit(room, member, { update });
    });
  }

  get text(): Y.Text {
    return this.doc.getText("t");
  }

  /** Compacts the document. Time passes until the compaction has ended. */
  async compact(): Promise<void> {
    let isRunning = true;
    const compacting = this.room.compact().finally(() => {
      isRunning = false;
    });
    while (isRunning) {
      this.#node.parts.clock.advance(1_000);
      await settled();
    }
    await compacting;
  }

  /** Applies what it was sent. Returns the number of updates. */
  receive(): number {
    let updates = 0;
    for (const frame of this.member.connection.take()) {
      const [type, body = ""] = String(frame).split(" ");
      if (type !== "update" && type !== "step2") continue;
      updates += 1;
      Y.applyUpdate(this.doc, Uint8Array.fromHex(body), this);
    }
    return updates;
  }

  async type(text: string): Promise<void> {
    this.text.insert(this.text.length, text);
    await this.#node.turn();
  }
}

async function setUp(memory?: number) {
  const shared = new SharedStore();
  const [a, b] = [new Node(shared), new Node(shared, memory)];
  const [ann, ben] = [await a.join(), await b.join()];
  const receive = async () => {
    shared.deliver();
    await settled();
    return [ann.receive(), ben.receive()];
  };
  await receive();
  return { shared, a, b, ann, ben, receive };
}

describe("a room that is open on two nodes", () => {
  test("publishes what the other one has stored, once", async () => {
    const { ann, ben, receive } = await setUp();
    await ann.type("one ");
    expect(await receive()).toEqual([0, 1]);
    await ben.type("two");
    expect(await receive()).toEqual([1, 0]);
    expect([ann.text.toString(), ben.text.toString()]).toEqual(["one two", "one two"]);
  });

  test("is read whole when an update of another node is late whose row is smaller", async () => {
    const { shared, a, ann, ben } = await setUp();
    await ann.type("one ");
    shared.drop();
    await ben.type("two");
    const { room } = ben;
    expect([room.sequence, room.isComplete]).toEqual([2, false]);
    const parts = await room.parts();
    const read = new Y.Doc();
    for (const update of parts.updates) Y.applyUpdate(read, update);
    expect([read.getText("t").length, parts.sequence, parts.isComplete]).toEqual([7, 2, true]);
    expect(ben.receive()).toBe(1);
    let loads = 0;
    const { load } = a.store;
    a.store.load = (document) => {
      loads += 1;
      return load(document);
    };
    shared.deliver();
    await settled();
    await ann.type("!");
    expect([await ann.room.parts(), loads]).toMatchObject([{ sequence: 3, isComplete: true }, 0]);
  });

  test("is read as it is while the store cannot say whether it lacks an update", async () => {
    const { b, ben } = await setUp();
    await ben.type("one");
    let questions = 0;
    b.store.hasAllRows = () => {
      questions += 1;
      return Promise.reject(new Error("out of reach"));
    };
    expect(await ben.room.parts()).toMatchObject({ sequence: 1, isComplete: false });
    expect(questions).toBe(1);
  });

  test("takes no write on a condition before an update that is late", async () => {
    const { shared, b, ann, ben } = await setUp();
    await ann.type("one ");
    shared.drop();
    await ben.type("two");
    const write = { update: updateOfText("three"), user: undefined };
    let lengths: number[] = [];
    const condition = (sequence: number) => {
      ben.receive();
      lengths = [...lengths, ben.text.length];
      return sequence === 2;
    };
    const writing = writeUpdate(ben.room, { ...write, condition });
    await settled();
    await b.turn();
    expect(await writing).toMatchObject({ kind: "written", sequence: 3 });
    expect(new Set(lengths)).toEqual(new Set([7]));
  });

  test("that opens while updates are reported has them once", async () => {
    const { shared, a, ann } = await setUp();
    await ann.type("one");
    const c = new Node(shared);
    const told: unknown[] = [];
    c.parts.changes.watchAll(({ row }) => told.push(row));
    const joining = c.join();
    shared.deliver();
    const cleo = await joining;
    await settled();
    cleo.receive();
    expect([cleo.text.toString(), told]).toEqual(["one", [1]]);
    await c.parts.rooms.find("d")?.compact();
    expect((await a.store.load("d"))?.tail).toEqual([]);
  });

  test.each([undefined, 0])(
    "publishes what a compaction of the other one has swallowed (memory: %p)",
    async (memory) => {
      const { shared, a, ann, ben, receive } = await setUp(memory);
      await ben.type("abc");
      await receive();
      await ann.type("def");
      ann.text.delete(0, 1);
      await a.turn();
      shared.drop();
      await ann.compact();
      await receive();
      await receive();
      expect(ben.text.toString()).toBe("bcdef");
      // Nothing is left to be told.
      await ann.compact();
      expect(await receive()).toEqual([0, 0]);
      await ben.type("!");
      await receive();
      expect(ann.text.toString()).toBe("bcdef!");
    },
  );

  test("reads a large base that has swallowed a row in turns", async () => {
    const { shared, a, b, ann, ben } = await setUp();
    const texts = ann.doc.getArray<string>("texts");
    for (let index = 0; index < 300; index += 1) texts.insert(index % 7, [`${index} ${"x".repeat(2_000)}`]);
    await a.turn();
    shared.deliver();
    await settled();
    for (let turn = 0; turn < 100; turn += 1) await b.turn();
    ben.receive();
    expect(ben.doc.getArray("texts")).toHaveLength(300);
    await ann.type("swallowed");
    shared.drop();
    await ann.compact();
    shared.deliver();
    let turns = 0;
    while (ben.text.length === 0 && turns < 200) {
      await settled();
      b.parts.clock.endTurn();
      turns += 1;
      ben.receive();
    }
    expect(ben.text.toString()).toBe("swallowed");
    // 600 kB are read, and then cut, in steps of 32 kB.
    expect(turns).toBeWithin(30, 100);
  });

  test("publishes what it reads for its own compaction, and compacts it", async () => {
    const { shared, b, ann, ben, receive } = await setUp();
    await ann.type("one ");
    await ben.type("two ");
    shared.drop();
    await ben.compact();
    expect(ben.receive()).toBe(1);
    expect((await b.store.load("d"))?.tail).toEqual([]);
    await receive();
    expect(ann.text.toString()).toBe(ben.text.toString());
    expect(b.failures.filter((type) => type === "compaction.failed")).toEqual([]);
  });

  test("stays open when the store has lost the document, and has what a node appends again", async () => {
    const { shared, a, b, ann, ben, receive } = await setUp();
    await ann.type("one ");
    await receive();
    const lost = Y.encodeStateAsUpdate(ann.doc);
    await shared.lose("d");
    await settled();
    expect([a, b].map(({ parts }) => parts.rooms.find("d")?.isDeleted)).toEqual([false, false]);
    expect([ann, ben].map(({ member }) => member.connection.closeReason)).toEqual([undefined, undefined]);
    // A third node has appended it last.
    const third = shared.openNode();
    await third.append([{ document: "d", update: lost }]);
    await receive();
    await ben.type("two");
    expect(await receive()).toEqual([1, 0]);
    expect(ann.text.toString()).toBe("one two");
    const stored = new Y.Doc();
    for (const { update } of (await third.load("d"))?.tail ?? []) Y.applyUpdate(stored, update);
    expect(stored.getText("t").toString()).toBe("one two");
  });

  test("stays open when a reading under way has begun before the store has lost the document", async () => {
    const { a, b, ann, shared } = await setUp();
    await ann.type("one ");
    const { load } = b.store;
    const begun = Promise.withResolvers<void>();
    b.store.load = async (document) => {
      b.store.load = load;
      const loaded = await load(document);
      await begun.promise;
      return loaded;
    };
    const reading = b.parts.rooms.find("d")?.readAgain();
    await settled();
    await shared.lose("d");
    begun.resolve();
    await reading;
    await settled();
    expect([a, b].map(({ parts }) => parts.rooms.find("d")?.isDeleted)).toEqual([false, false]);
  });

  test("stays open when its first update is stored while it is read", async () => {
    const { a, ann } = await setUp();
    const [answer, { load }] = [Promise.withResolvers<void>(), a.store];
    a.store.load = async (document) => {
      const loaded = await load(document);
      await answer.promise;
      return loaded;
    };
    const reading = ann.room.readAgain();
    await settled();
    await ann.type("one");
    answer.resolve();
    await reading;
    a.store.load = load;
    expect(ann.room.isDeleted).toBe(false);
    const second = await a.join();
    second.receive();
    expect(second.text.toString()).toBe("one");
  });

  test("publishes an update that has the row of one that the store has lost", async () => {
    const { a, ann, receive } = await setUp();
    await ann.type("one ");
    await receive();
    const reused = { row: a.parts.rooms.find("d")?.sequence ?? 0, update: updateOfText("two") };
    a.store.load = async () => ({
      base: undefined,
      tail: [reused],
      quarantined: [],
      sequence: reused.row,
      rowsAfter: 0,
    });
    a.followed.reverted();
    await settled();
    expect(ann.receive()).toBe(1);
    expect(ann.text.toString()).toContain("two");
  });

  test("is read again ever less often while a row is damaged, however much is reported", async () => {
    const { shared, a, receive } = await setUp();
    let loads = 0;
    const { load } = a.store;
    a.store.load = (document) => {
      loads += 1;
      return load(document);
    };
    const third = shared.openNode();
    await third.append([{ document: "d", update: Uint8Array.of(255, 255) }]);
    shared.drop();
    await third.undelete("d");
    await third.undelete("d");
    await receive();
    const reported = loads;
    const times: number[] = [];
    for (let second = 1; second <= 200; second += 1) {
      const before = loads;
      a.parts.clock.advance(1_000);
      await settled();
      if (loads > before) times.push(second);
    }
    expect(reported).toBeWithin(1, 3);
    expect(times).toEqual([1, 3, 7, 15, 31, 63, 123, 183]);
  });

  test("is read again only when a compaction has replaced the rows in memory", async () => {
    const { shared, b, ann, ben, receive } = await setUp();
    await ben.type("one ");
    const release = shared.holdAnswers();
    const compacting = ben.compact();
    await settled();
    await ann.type("two");
    await receive();
    const reading = ben.room.readAgain();
    await settled();
    release();
    await Promise.all([compacting, reading]);
    const cleo = await b.join();
    cleo.receive();
    expect(cleo.text.toString()).toBe(ben.text.toString());
    expect(cleo.text.toString()).toContain("two");
  });

  test("compacts at the same time as the other one without a failure", async () => {
    const { a, b, ann, ben, receive } = await setUp();
    await ann.type("one ");
    await receive();
    await ben.type("two ");
    await receive();
    await Promise.all([ann.compact(), ben.compact()]);
    await receive();
    for (const node of [a, b]) expect(node.failures.filter((type) => type === "compaction.failed")).toEqual([]);
    await ann.type("three");
    await receive();
    expect(ben.text.toString()).toBe("one two three");
    await ben.compact();
    expect((await b.store.load("d"))?.tail).toEqual([]);
  });

  test.each(["delete", "purge"] as const)("closes when the other one has the document deleted (%s)", async (change) => {
    const { a, b, ann, ben, receive } = await setUp();
    await ann.type("one");
    await receive();
    let hasEnded = false;
    ben.member.ended = () => {
      hasEnded = true;
    };
    await a.store[change]("d");
    await receive();
    expect(hasEnded).toBe(true);
    expect(b.parts.rooms.find("d")).toBeUndefined();
  });

  test.each([
    ["existed", true],
    ["did not exist", false],
  ])(
    "closes when the document is purged, and made anew before that is reported (it %s at first)",
    async (_, existed) => {
      const { shared, a, b, ann, ben, receive } = await setUp();
      await ann.type("old");
      await receive();
      if (existed) await b.parts.rooms.close("d");
      const member = existed ? await b.join() : ben;
      const other = shared.openNode();
      let hasEnded = false;
      member.member.ended = () => {
        hasEnded = true;
      };
      await a.store.purge("d");
      await other.append([{ document: "d", update: updateOfText("new") }]);
      await receive();
      expect([hasEnded, b.parts.rooms.find("d")]).toEqual([true, undefined]);
      const cleo = await b.join();
      cleo.receive();
      expect(cleo.text.toString()).toBe("new");
      await a.store.compact("d", compaction(rowsOf(await a.store.load("d")), updateOfText("new")));
      await receive();
      expect(b.parts.rooms.find("d")).toBe(cleo.room);
    },
  );

  test("tells of what other nodes change, also in documents that are not open", async () => {
    const { shared, a, b } = await setUp();
    const told: string[] = [];
    b.followed.whenChanged((document, kind) => told.push(`${document} ${kind}`));
    await a.store.append([{ document: "other", update: updateOfText("one") }]);
    await a.store.delete("other");
    await a.store.undelete("other");
    await a.store.purge("other");
    await b.store.purge("d");
    shared.deliver();
    expect(told).toEqual(["other deleted", "other undeleted", "other purged"]);
  });

  test("is read again when reports are missing", async () => {
    const { shared, b, ann, ben } = await setUp();
    await ann.type("one");
    shared.drop();
    new FollowedRooms(b.parts).missed();
    await settled();
    ben.receive();
    expect(ben.text.toString()).toBe("one");
  });

  test.each([1, 2, 3, 4])("converges whatever is typed, deleted, compacted, read and lost (seed %i)", async (seed) => {
    const random = new Random(seed);
    const { shared, a, b, ann, ben, receive } = await setUp(seed % 2 === 0 ? 0 : undefined);
    for (const { store } of [a, b]) delayAnswers(store, random);
    const steps: Record<string, (client: Client) => Promise<unknown>> = {
      type: (client) => client.type(`${random.real()} `),
      more: (client) => client.type("more "),
      erase: async ({ text }) => text.delete(0, Math.min(2, text.length)),
      compact: (client) => client.compact(),
      receive,
      read: async ({ room }) => void room.readAgain(),
      // Reports are lost only with a compaction, which is reported, or all of them.
      lose: async (client) => {
        shared.drop();
        await client.compact();
        for (const { room } of [ann, ben]) await room.readAgain();
      },
    };
    for (let step = 0; step < 150; step += 1) await steps[random.pick(Object.keys(steps))]?.(random.pick([ann, ben]));
    await Promise.all([ann.type("."), ben.type(".")]);
    for (let round = 0; round < 40; round += 1) {
      for (const node of [a, b]) await node.turn();
      await receive();
    }
    expect(ben.text.toString()).toBe(ann.text.toString());
    expect(await storedText(shared.openNode())).toBe(ann.text.toString());
  });
});

/** Has loads read the log some turns later, and answer some turns after that, and appends likewise answer. */
function delayAnswers(store: NodeStore, random: Random): void {
  const { append, load } = store;
  const turns = async () => {
    for (let left = random.integer(8); left > 0; left -= 1) await settled();
  };
  store.load = async (document) => {
    await turns();
    const loaded = await load(document);
    await turns();
    return loaded;
  };
  store.append = async (batch) => {
    const rows = await append(batch);
    await turns();
    return rows;
  };
}

function updateOfText(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 7;
  doc.getText("t").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

async function storedText(store: NodeStore): Promise<string> {
  const loaded = await store.load("d");
  const doc = new Y.Doc();
  for (const { update } of [...(loaded?.base ? [loaded.base] : []), ...(loaded?.tail ?? [])])
    Y.applyUpdate(doc, update);
  return doc.getText("t").toString();
}
