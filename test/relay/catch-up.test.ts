import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { defaultLimits, type Limits } from "../../src/composition/settings/limits.ts";
import { decodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { decodeFrame, encodeMessage } from "../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../src/relay/y-websocket/session.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import type { Frame } from "../../src/transport/connection.ts";
import { encodeEntries } from "../support/awareness-room.ts";
import { updatesOf } from "../support/clients/raw-client.ts";
import { settled } from "../support/eventually.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { type MemberUpdate, roomParts, submit } from "../support/servers/room-parts.ts";

const emptyVector = Uint8Array.of(0);
const pieceBytes = 2_000;
const outboxBytes = 16_000;

async function setUp(limits: Partial<Limits> = {}) {
  const parts = roomParts({ limits: { snapshotPieceBytes: pieceBytes, outboxBytes, ...limits } }, openMemoryStore());
  const room = await parts.open();
  const join = (id: string) => {
    const connection = new FakeConnection(id);
    const member = { connection, encoding: yWebsocketEncoding, access: "write" as const };
    room.join(member);
    room.ask(member);
    connection.take();
    return { connection, member, take: () => connection.take() };
  };
  const synced = async (id: string) => {
    const joined = join(id);
    await room.sync(joined.member, emptyVector);
    joined.take();
    return joined;
  };
  /** A member that has brought a document. */
  const author = async (doc: Y.Doc) => {
    const joined = await synced("writer");
    void submit(room, joined.member, { update: Y.encodeStateAsUpdate(doc) });
    await parts.turnAndSync();
    joined.take();
    return joined;
  };
  return { ...parts, room, join, synced, author };
}

/** An update that is acknowledged by the same frame, as in y-websocket. */
const sent = (update: Uint8Array): MemberUpdate => ({
  update,
  acknowledgement: () => encodeMessage({ type: "update", update }),
  isEchoed: true,
});

/** A document that two people have written, letter by letter. */
function plainDoc(letters = 2_000): Y.Doc {
  const [left, right] = [new Y.Doc(), new Y.Doc()];
  for (let index = 0; index < letters; index += 1) {
    const [from, to] = index % 3 === 0 ? [right, left] : [left, right];
    const text = from.getText("t");
    text.insert(Math.min(text.length, (index * 7) % 101), "ab");
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
  }
  return left;
}

/** A document with formats. */
function richDoc(words = 300): Y.Doc {
  const doc = new Y.Doc();
  const text = doc.getText("t");
  for (let index = 0; index < words; index += 1) text.insert(0, "word ", index % 2 === 0 ? { bold: true } : {});
  return doc;
}

/** The awareness that frames hold. */
function shownBy(frames: readonly Frame[]) {
  return frames.flatMap((frame) => {
    const message = typeof frame === "string" ? undefined : decodeFrame(frame);
    const entries = message?.type === "awareness" ? decodeAwareness(message.body) : [];
    return entries.map(({ clientId, clock, state }) => [clientId, clock, state]);
  });
}

interface Received {
  readonly type: string;
  readonly update: Uint8Array;
}

function messages(frames: readonly Frame[]): readonly Received[] {
  return frames.flatMap((frame) => {
    if (typeof frame === "string") return [];
    const message = decodeFrame(frame);
    return "update" in message ? [message] : [];
  });
}

function docOf(...received: readonly (readonly Received[])[]): Y.Doc {
  const doc = new Y.Doc();
  for (const { update } of received.flat()) Y.applyUpdate(doc, update);
  return doc;
}

describe("a large document", () => {
  test("is sent in pieces, SyncStep2 last, and what is committed meanwhile after it", async () => {
    const { clock, room, join, author, turnAndSync } = await setUp();
    const doc = plainDoc();
    const writer = await author(doc);
    const joiner = join("joiner");
    await room.sync(joiner.member, emptyVector);
    const [late = emptyVector] = updatesOf((each) => each.getText("t").insert(0, "late "), doc);
    void submit(room, writer.member, sent(late));
    await turnAndSync();
    clock.runTurns();
    const received = messages(joiner.take());
    expect(received.length).toBeGreaterThan(10);
    expect(received.map(({ type }) => type).lastIndexOf("sync-step-2")).toBe(received.length - 2);
    expect(received.filter(({ type }) => type === "sync-step-2")).toHaveLength(1);
    for (const { update } of received) expect(update.byteLength).toBeLessThanOrEqual(pieceBytes);
    expect(Y.equalSnapshots(Y.snapshot(docOf(received)), Y.snapshot(doc))).toBe(true);
  });

  test("is sent no faster than the link takes it, and updates meanwhile come as one", async () => {
    const { room, join, author, turnAndSync } = await setUp();
    const doc = plainDoc();
    const writer = await author(doc);
    const joiner = join("joiner");
    joiner.connection.unsentBytes = pieceBytes + 1;
    await room.sync(joiner.member, emptyVector);
    await turnAndSync();
    const received = [...messages(joiner.take())];
    for (const update of updatesOf((each) => {
      for (const letter of "abc") each.getText("t").insert(0, letter);
    }, doc)) {
      void submit(room, writer.member, sent(update));
    }
    while (received.at(-1)?.type !== "sync-step-2") {
      await turnAndSync();
      joiner.connection.drainPartly();
      const next = messages(joiner.take());
      expect(next.length).toBeLessThanOrEqual(1);
      received.push(...next);
    }
    joiner.connection.drainPartly();
    const rest = messages(joiner.take());
    expect(rest).toHaveLength(1);
    expect(docOf(received, rest).getText("t").toString()).toBe(doc.getText("t").toString());
  });

  test("goes on where it was when the client comes back, for what it has is left out", async () => {
    const { clock, room, join, author, turnAndSync } = await setUp();
    const doc = plainDoc();
    await author(doc);
    const joiner = join("joiner");
    joiner.connection.unsentBytes = pieceBytes + 1;
    await room.sync(joiner.member, emptyVector);
    await turnAndSync();
    for (let times = 0; times < 6; times += 1) {
      joiner.connection.drainPartly();
      await turnAndSync();
    }
    const first = messages(joiner.take());
    room.leave(joiner.member);
    expect(first.length).toBeGreaterThan(4);
    const back = join("back");
    await room.sync(back.member, Y.encodeStateVector(docOf(first)));
    clock.runTurns();
    const rest = messages(back.take());
    expect(docOf(first, rest).getText("t").toString()).toBe(doc.getText("t").toString());
    const bytes = [...first, ...rest].reduce((sum, { update }) => sum + update.byteLength, 0);
    expect(bytes).toBeLessThan(1.1 * Y.encodeStateAsUpdate(doc).byteLength);
  });

  test("is copied and encoded once for clients that join at the same time", async () => {
    const { clock, room, join, author } = await setUp();
    await author(plainDoc());
    const joiners = [join("a"), join("b"), join("c")];
    for (const { member } of joiners) await room.sync(member, emptyVector);
    clock.runTurns();
    const [first = [], ...others] = joiners.map(({ take }) => take());
    for (const other of others) {
      expect(other).toHaveLength(first.length);
      for (const [index, frame] of first.entries()) expect(other[index]).toBe(frame);
    }
  });

  test("with formats comes at once for a fast link: pieces are joined once the first has arrived", async () => {
    const { clock, room, join, author } = await setUp();
    const doc = richDoc(600);
    await author(doc);
    const [fast, slow] = [join("fast"), join("slow")];
    for (const { member } of [fast, slow]) await room.sync(member, emptyVector);
    clock.runTurns();
    const receive = (joiner: typeof fast, elapsedMs: number) => {
      const received = [...messages(joiner.take())];
      while (received.at(-1)?.type !== "sync-step-2") {
        clock.advance(elapsedMs);
        joiner.connection.pong();
        clock.runTurns();
        received.push(...messages(joiner.take()));
      }
      return received;
    };
    const [few, many] = [receive(fast, 1), receive(slow, 9_000)];
    for (const received of [few, many])
      expect(docOf(received).getText("t").toDelta()).toEqual(doc.getText("t").toDelta());
    expect(few.length).toBeLessThan(5);
    expect(many.length).toBeGreaterThan(2 * few.length);
    for (const { update } of many) expect(update.byteLength).toBeLessThanOrEqual(pieceBytes);
    // Until the last piece a client has nothing of it, and so repairs nothing.
    expect(Y.decodeStateVector(Y.encodeStateVector(docOf(many.slice(0, -1)))).size).toBe(0);
  });
});

test("a document with formats goes no faster than its link to a client that is not read, and so answers no ping", async () => {
  const { clock, room, join, author } = await setUp();
  const doc = richDoc();
  await author(doc);
  const joiner = join("joiner");
  joiner.connection.answersPings = true;
  joiner.connection.unsentBytes = pieceBytes + 1;
  await room.sync(joiner.member, emptyVector);
  clock.runTurns();
  const received = [...messages(joiner.take())];
  expect(received).toHaveLength(1);
  while (received.at(-1)?.type !== "sync-step-2") {
    joiner.connection.drainPartly();
    clock.runTurns();
    const next = messages(joiner.take());
    expect(next).toHaveLength(1);
    received.push(...next);
  }
  expect(docOf(received).getText("t").toDelta()).toEqual(doc.getText("t").toDelta());
});

test("a large update is forwarded and sent back in pieces", async () => {
  const { clock, room, synced, turnAndSync } = await setUp();
  const [writer, reader] = [await synced("writer"), await synced("reader")];
  const doc = plainDoc(500);
  void submit(room, writer.member, sent(Y.encodeStateAsUpdate(doc)));
  await turnAndSync();
  clock.runTurns();
  for (const { take } of [writer, reader]) {
    const received = messages(take());
    expect(received.length).toBeGreaterThan(2);
    for (const { type, update } of received) {
      expect(type).toBe("update");
      expect(update.byteLength).toBeLessThanOrEqual(pieceBytes);
    }
    expect(docOf(received).getText("t").toString()).toBe(doc.getText("t").toString());
  }
});

describe("acknowledgements", () => {
  const large = Array.from({ length: 15 }, (_, index) =>
    updatesOf((doc) => doc.getText(`${index}`).insert(0, "x".repeat(outboxBytes / 5))),
  ).flat();
  const small = updatesOf((doc) => {
    for (let index = 0; index < 400; index += 1) doc.getText("t").insert(0, "twenty letters each ");
  });

  test.each([
    ["large", large],
    ["small", small],
  ])("of many %s updates at once do not close a connection, and all come", async (_, updates) => {
    const { clock, room, synced, turnAndSync } = await setUp();
    const writer = await synced("writer");
    // The link is as good as full.
    writer.connection.unsentBytes = outboxBytes / 4;
    for (const update of updates) void submit(room, writer.member, sent(update));
    await turnAndSync();
    expect(writer.connection.isOpen).toBe(true);
    expect(messages(writer.take()).length).toBeLessThanOrEqual(1);
    expect(room.updates.isFullFor(writer.member)).toBe(true);
    let isTold = false;
    room.updates.whenTaken(writer.member, () => {
      isTold = true;
    });
    writer.connection.drain();
    clock.runTurns();
    expect(isTold).toBe(true);
    expect(room.updates.isFullFor(writer.member)).toBe(false);
    room.leave(writer.member);
  });

  test("that wait are told to have ended when the member leaves", async () => {
    const { room, synced, turnAndSync } = await setUp();
    const writer = await synced("writer");
    writer.connection.unsentBytes = outboxBytes / 4;
    for (const update of small) void submit(room, writer.member, sent(update));
    await turnAndSync();
    let isTold = false;
    room.updates.whenTaken(writer.member, () => {
      isTold = true;
    });
    room.leave(writer.member);
    expect(isTold).toBe(true);
  });
});

describe("a reader that is slower than its writers", () => {
  test("is sent what it missed as one update, and later ones as they come", async () => {
    const { room, synced, turnAndSync } = await setUp(defaultLimits);
    const [writer, reader] = [await synced("writer"), await synced("reader")];
    const updates = updatesOf((doc) => {
      for (const letter of "abcdef") doc.getText("t").insert(0, letter);
    });
    reader.connection.unsentBytes = 2 * 2 ** 20;
    for (const update of updates.slice(0, 1)) void submit(room, writer.member, sent(update));
    await turnAndSync();
    for (const update of updates.slice(1, 4)) {
      void submit(room, writer.member, sent(update));
      await turnAndSync();
    }
    const before = messages(reader.take());
    expect(before).toHaveLength(1);
    reader.connection.drain();
    const missed = messages(reader.take());
    expect(missed).toHaveLength(1);
    for (const update of updates.slice(4)) {
      void submit(room, writer.member, sent(update));
      await turnAndSync();
    }
    const later = messages(reader.take());
    expect(later).toHaveLength(2);
    expect(docOf(before, missed, later).getText("t").toString()).toBe("fedcba");
    expect(reader.connection.isOpen).toBe(true);
  });

  test("is sent what it missed of the presence, also who has left", async () => {
    const { clock, room, synced, turnAndSync } = await setUp(defaultLimits);
    const [writer, reader] = [await synced("writer"), await synced("reader")];
    await room.updateAwareness(writer.member, encodeEntries([[1, 1, "{}"]]));
    await room.updateAwareness(reader.member, encodeEntries([[2, 1, "{}"]]));
    const passing = await synced("passing");
    await room.updateAwareness(passing.member, encodeEntries([[3, 1, "{}"]]));
    room.leave(passing.member);
    clock.advance(3_001);
    const [update = emptyVector] = updatesOf((doc) => doc.getText("t").insert(0, "x"));
    reader.connection.unsentBytes = 2 * 2 ** 20;
    void submit(room, writer.member, sent(update));
    await turnAndSync();
    reader.take();
    room.leave(writer.member);
    clock.advance(10_000);
    expect(shownBy(reader.take())).toEqual([]);
    reader.connection.drain();
    expect(shownBy(reader.take())).toEqual([
      [2, 1, "{}"],
      [1, 1, undefined],
    ]);
  });

  test("is sent what acknowledges its own edits, also if it has missed none of others", async () => {
    const { clock, room, synced, turnAndSync } = await setUp(defaultLimits);
    const [writer, reader] = [await synced("writer"), await synced("reader")];
    const updates = updatesOf((doc) => {
      for (const letter of "abc") doc.getText("t").insert(0, letter);
    });
    const own = updatesOf((doc) => doc.getText("own").insert(0, "x"));
    reader.connection.unsentBytes = 2 * 2 ** 20;
    for (const update of updates.slice(0, 1)) void submit(room, writer.member, sent(update));
    await turnAndSync();
    for (const update of own) void submit(room, reader.member, sent(update));
    await turnAndSync();
    reader.take();
    reader.connection.drain();
    expect(messages(reader.take()).map(({ update }) => update)).toEqual(own);
    clock.runTurns();
    for (const update of updates.slice(1)) {
      void submit(room, writer.member, sent(update));
      await turnAndSync();
    }
    expect(messages(reader.take()).map(({ update }) => update)).toEqual(updates.slice(1));
  });

  test("is answered from its state vector when merging what it missed would take long", async () => {
    const { clock, room, synced, turnAndSync } = await setUp(defaultLimits);
    const [writer, reader] = [await synced("writer"), await synced("reader")];
    const updates = updatesOf((doc) => {
      for (let count = 0; count < 4_100; count += 1) doc.getText("t").insert(0, "x");
    });
    reader.connection.unsentBytes = 2 * 2 ** 20;
    for (const update of updates) {
      void submit(room, writer.member, sent(update));
      await turnAndSync();
    }
    const before = messages(reader.take());
    reader.connection.drain();
    await turnAndSync();
    clock.runTurns();
    const missed = messages(reader.take());
    expect([before.length, missed.at(-1)?.type]).toEqual([1, "sync-step-2"]);
    expect(docOf(before, missed).getText("t").length).toBe(4_100);
  });

  test("of edits that overwrite each other gets the last ones for as long as it reads", async () => {
    const { clock, room, synced, turnAndSync } = await setUp(defaultLimits);
    const [writer, reader] = [await synced("writer"), await synced("reader")];
    const received: Received[] = [];
    const doc = new Y.Doc();
    reader.connection.unsentBytes = defaultLimits.outboxBytes / 2;
    for (let round = 0; round < 200; round += 1) {
      for (const update of updatesOf((each) => each.getMap("m").set("key", "x".repeat(30_000) + round), doc)) {
        void submit(room, writer.member, sent(update));
      }
      await turnAndSync();
      // The link takes one frame in twenty rounds.
      if (round % 20 === 0) reader.connection.drainPartly();
      received.push(...messages(reader.take()));
    }
    expect(reader.connection.isOpen).toBe(true);
    reader.connection.drain();
    await turnAndSync();
    clock.runTurns();
    await settled();
    received.push(...messages(reader.take()));
    expect(docOf(received).getMap("m").get("key")).toBe(doc.getMap("m").get("key"));
    expect(received.length).toBeLessThan(60);
  });

  test("is closed with the bound's name when messages wait that cannot be merged", async () => {
    const { room } = await setUp();
    const connection = new FakeConnection("reader");
    const encoding = { ...yWebsocketEncoding, stateless: (payload: string) => payload };
    room.join({ connection, encoding, access: "write" });
    connection.unsentBytes = outboxBytes / 4;
    for (let count = 0; count < outboxBytes / 1_000; count += 1) void room.broadcastStateless("x".repeat(1_000));
    expect(connection.isOpen).toBe(true);
    void room.broadcastStateless("one more");
    expect(connection.closeReason).toBe(closeReasons.overloaded);
    expect(connection.closeDetail).toStartWith("limits.outbox-bytes: ");
  });
});
