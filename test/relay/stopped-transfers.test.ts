import { expect, test } from "bun:test";
import * as Y from "yjs";
import type { SyncRoom } from "../../src/relay/sync-room.ts";
import { decodeFrame } from "../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../src/relay/y-websocket/session.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { settled } from "../support/eventually.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { SlowLink } from "../support/fakes/slow-link.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";

const emptyVector = Uint8Array.of(0);
const pieceBytes = 2_000;
/** Space for one of the documents. */
const limits = { snapshotPieceBytes: pieceBytes, snapshotsBytes: 64_000, snapshotBurstBytes: 8_000 };

function plainDoc(): Y.Doc {
  const [left, right] = [new Y.Doc(), new Y.Doc()];
  for (let index = 0; index < 2_000; index += 1) {
    const [from, to] = index % 3 === 0 ? [right, left] : [left, right];
    const text = from.getText("t");
    text.insert(Math.min(text.length, (index * 7) % 101), "ab");
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)));
  }
  return left;
}

function richDoc(): Y.Doc {
  const doc = new Y.Doc();
  const text = doc.getText("t");
  for (let index = 0; index < 1_000; index += 1) text.insert(0, "some words ", index % 2 === 0 ? { bold: true } : {});
  return doc;
}

/** A reader that applies what it receives. */
class Reader {
  readonly link: SlowLink;
  readonly doc = new Y.Doc();
  isSynced = false;
  receivedBytes = 0;

  constructor(room: SyncRoom, id: string) {
    this.link = new SlowLink(id);
    const member = { connection: this.link, encoding: yWebsocketEncoding, access: "read" as const };
    room.join(member);
    void room.sync(member, emptyVector);
  }

  take(bytes: number): void {
    this.link.advance(bytes);
    for (const frame of this.link.take()) {
      const message = frame instanceof Uint8Array ? decodeFrame(frame) : undefined;
      if (message?.type !== "update" && message?.type !== "sync-step-2") continue;
      this.receivedBytes += message.update.byteLength;
      Y.applyUpdate(this.doc, message.update);
      this.isSynced ||= message.type === "sync-step-2";
    }
  }
}

async function setUp(doc: Y.Doc) {
  const parts = roomParts({ limits }, openMemoryStore());
  const open = async (name: string) => {
    const room = await parts.open(name);
    const connection = new SlowLink(`writer of ${name}`);
    const writer = { connection, encoding: yWebsocketEncoding, access: "write" as const };
    room.join(writer);
    void submit(room, writer, { update: Y.encodeStateAsUpdate(doc) });
    await parts.turnAndSync();
    return room;
  };
  const [room, other] = [await open("one"), await open("other")];
  const pass = async (ms: number) => {
    parts.clock.advance(ms);
    await settled();
    parts.clock.runTurns();
    await settled();
  };
  return { room, other, pass };
}

async function receiveAll(reader: Reader, pass: (ms: number) => Promise<void>): Promise<void> {
  for (let steps = 0; steps < 500 && !reader.isSynced && reader.link.isOpen; steps += 1) {
    reader.take(2 * pieceBytes);
    await pass(50);
  }
}

test("a reader that takes a trickle gives way to one that waits, and goes on later where it was", async () => {
  const doc = plainDoc();
  const { room, other, pass } = await setUp(doc);
  const slow = new Reader(room, "slow");
  await pass(0);
  for (let pieces = 0; pieces < 6; pieces += 1) {
    slow.take(pieceBytes);
    await pass(100);
  }
  const waiting = new Reader(other, "waits");
  await pass(1_000);
  expect([waiting.link.hasFrames, slow.link.hasFrames]).toEqual([false, true]);
  await pass(10_000);
  await receiveAll(waiting, pass);
  expect(waiting.doc.getText("t").toString()).toBe(doc.getText("t").toString());
  expect([slow.isSynced, slow.link.isOpen]).toEqual([false, true]);
  await receiveAll(slow, pass);
  expect(slow.doc.getText("t").toString()).toBe(doc.getText("t").toString());
  expect(slow.link.isOpen).toBe(true);
  expect(slow.receivedBytes).toBeLessThan(1.2 * Y.encodeStateAsUpdate(doc).byteLength);
});

test("a reader of formatted text cannot go on, and is disconnected only when it takes nothing for long", async () => {
  const doc = richDoc();
  const { room, other, pass } = await setUp(doc);
  const slow = new Reader(room, "slow");
  await pass(0);
  const waiting = new Reader(other, "waits");
  await pass(15_000);
  expect([slow.link.isOpen, waiting.link.hasFrames]).toEqual([true, false]);
  await pass(10_000);
  expect([slow.link.closeReason, slow.link.closeDetail]).toEqual([
    closeReasons.overloaded,
    expect.stringContaining("limits.snapshots-bytes"),
  ]);
  await receiveAll(waiting, pass);
  expect(waiting.doc.getText("t").toString()).toBe(doc.getText("t").toString());
});

test("a reader whose link makes progress is not stopped for another one", async () => {
  const { room, other, pass } = await setUp(plainDoc());
  const steady = new Reader(room, "steady");
  await pass(0);
  new Reader(other, "waits");
  const before = steady.receivedBytes;
  for (let pieces = 0; pieces < 18; pieces += 1) {
    steady.take(pieceBytes);
    await pass(1_000);
  }
  expect(steady.receivedBytes - before).toBeGreaterThan(15 * pieceBytes);
});
