import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { Denial } from "../../../src/auth/authorizer.ts";
import { encodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";
import { decodeFrame, encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { yWebsocket } from "../../../src/relay/y-websocket/protocol.ts";
import { YWebsocketSession } from "../../../src/relay/y-websocket/session.ts";
import { RoomPass } from "../../../src/rooms/room-pass.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { settled } from "../../support/eventually.ts";
import { FailingStore } from "../../support/fakes/failing-store.ts";
import { denied, FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { type RoomPartsOptions, roomParts } from "../../support/servers/room-parts.ts";
import { tuple } from "../../support/tuple.ts";

const [first, second] = tuple(
  2,
  updatesOf((doc) => {
    doc.clientID = 7;
    for (const character of "ab") doc.getText("t").insert(0, character);
  }),
);
const nothing = Uint8Array.of(0, 0);
/** Deletes the character of `first`. */
const deletion = Uint8Array.of(0, 1, 7, 1, 0, 1);
const expired: Denial = { granted: false, kind: "expired", code: "expired", reason: "it is over" };

const update = (bytes: Uint8Array) => encodeMessage({ type: "update", update: bytes });
const answer = (bytes: Uint8Array) => encodeMessage({ type: "sync-step-2", update: bytes });
const presence = (clientId: number, clock: number, state: string | undefined) =>
  encodeMessage({ type: "awareness", body: encodeAwareness([{ clientId, clock, state }]) });

/** Describes a frame in a word or two. */
function inWords(frame: string | Uint8Array): string {
  if (typeof frame === "string") return frame;
  if (frame[0] === 2) return "denied";
  const message = decodeFrame(frame);
  if (message.type === "update") return `update ${message.update.toHex()}`;
  return message.type === "awareness" ? `awareness ${Buffer.from(message.body).toString("latin1")}` : message.type;
}

function setUp(options: RoomPartsOptions = {}) {
  const store = new FailingStore(openMemoryStore());
  const parts = roomParts(options, store);
  const authorizer = new FakeAuthorizer();
  authorizer.decide("reader", "read");
  authorizer.decide("bad", denied);
  const protocol = yWebsocket({ ...parts, authorizer });
  const connect = async (token: string, headerToken?: string) => {
    const connection = new FakeConnection(`${token} ${authorizer.requests.length}`);
    const aborter = new AbortController();
    const session = await protocol.open(connection, {
      url: new URL(`ws://x/sync/doc${token === "" ? "" : `?token=${token}`}`),
      origin: "https://app.example",
      headerToken,
      signal: aborter.signal,
    });
    return {
      connection,
      session,
      say: async (...frames: readonly (string | Uint8Array)[]) => {
        for (const frame of frames) await session.receive(frame);
        await parts.turnAndSync();
      },
      told: () => connection.take().map(inWords),
      leave: () => {
        connection.disconnect();
        aborter.abort();
        session.closed();
      },
    };
  };
  const ignored = async () => (await parts.metrics.ignoredMessages.get()).values;
  return { ...parts, store, authorizer, connect, ignored };
}

const joined = (...frames: readonly Uint8Array[]) => Uint8Array.from(frames.flatMap((frame) => [...frame]));

describe("a y-websocket client", () => {
  test("is authorized by what its URL says, else by its headers, with its origin", async () => {
    const { authorizer, connect } = setUp();
    await connect("mine", "other");
    await connect("", "header");
    expect(authorizer.requests.map(({ token }) => token)).toEqual(["mine", "header"]);
    expect(authorizer.requests[0]).toMatchObject({ kind: "sync", room: "doc", origin: "https://app.example" });
  });

  test("that is denied is refused with the reason", async () => {
    const { connect, rooms } = setUp();
    await expect(connect("bad")).rejects.toMatchObject({ reason: closeReasons.unauthorized, message: denied.reason });
    expect(rooms.size).toBe(0);
  });

  test("is closed with a code that makes it reconnect when the authorizer is unavailable", async () => {
    const { authorizer, connect } = setUp();
    authorizer.decide("any", { ...denied, kind: "unavailable", code: "unavailable" });
    await expect(connect("any")).rejects.toMatchObject({ reason: closeReasons.authorizationUnavailable });
  });

  test("gives up its turn within a frame of many messages, which count as frames", async () => {
    const { connect, ignored } = setUp();
    const { connection, session } = await connect("mine");
    connection.turns.isOver = true;
    const handled = session.receive(joined(...Array(40).fill(update(nothing)), Uint8Array.of(9)));
    const counts: (number | undefined)[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await settled();
      counts.push(connection.spent.frames);
      if (connection.turns.waiting > 0) connection.turns.next();
      connection.turns.isOver = true;
    }
    await handled;
    expect(counts).toEqual([16, 32, 41]);
    expect(await ignored()).toHaveLength(1);
  });

  test("releases its grant when it leaves, and when its document cannot be opened", async () => {
    const { authorizer, connect } = setUp();
    const client = await connect("mine");
    client.leave();
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
    const other = setUp();
    other.store.fail("unavailable");
    await expect(other.connect("mine")).rejects.toMatchObject({ reason: closeReasons.storageUnavailable });
    expect(other.authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
  });

  test("that sends a frame that is too large is refused, unless the frame carries presence", async () => {
    const { connect, metrics } = setUp();
    const { connection, session } = await connect("mine");
    const detail = "limits.relay-frame-bytes: a frame of 9 bytes";
    expect(() => session.oversized?.(update(first), detail)).toThrow(detail);
    expect(() => session.oversized?.(joined(presence(1, 1, "{}"), update(first)), detail)).toThrow(detail);
    await session.oversized?.(presence(1, 1, "{}"), detail);
    expect(connection.isOpen).toBe(true);
    const { values } = await metrics.droppedMessages.get();
    expect(values).toMatchObject([{ labels: { bound: "limits.relay-frame-bytes" }, value: 1 }]);
  });

  test("that sends faster than it reads is read on once it has taken its own updates, or has disconnected", async () => {
    const { connect, clock, limits, store, turnAndSync } = setUp({ limits: { outboxBytes: 4_000 } });
    const updates = updatesOf((doc) => {
      for (let count = 0; count < 12; count += 1) doc.getText("t").insert(0, "x".repeat(400));
    });
    for (const end of ["drain", "leave"] as const) {
      const client = await connect(end);
      client.connection.unsentBytes = limits.outboxBytes / 4;
      await client.say(...updates.slice(0, 10).map(update));
      const stored = store.appended.flat().length;
      const waits = client.session.receive(update(updates[end === "drain" ? 10 : 11] ?? nothing));
      expect(waits).toBeInstanceOf(Promise);
      await turnAndSync();
      expect(store.appended.flat()).toHaveLength(stored);
      if (end === "drain") client.connection.drain();
      else client.leave();
      clock.runTurns();
      await waits;
      await turnAndSync();
      expect(store.appended.flat()).toHaveLength(stored + 1);
    }
  });

  test("whose grant ends is refused with its reason", async () => {
    const { authorizer, connect } = setUp();
    const { connection } = await connect("mine");
    authorizer.grants[0]?.end(expired);
    expect([connection.closeReason, connection.refusal]).toEqual([closeReasons.grantExpired, "it is over"]);
  });

  test("whose grant ends while its document is opened is refused with the reason", async () => {
    const { authorizer, connect } = setUp();
    const connecting = connect("mine");
    while (authorizer.grants.length === 0) await Promise.resolve();
    authorizer.grants[0]?.end(expired);
    await expect(connecting).rejects.toMatchObject({ reason: closeReasons.grantExpired, message: "it is over" });
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true]);
  });

  test("whose grant ends after its document has opened, before its session, learns nothing of it", async () => {
    const { dropped, limits, metrics, rooms, connect } = setUp();
    const grant = new FakeGrant();
    const pass = new RoomPass(await rooms.acquire("doc"), grant);
    const connection = new FakeConnection("late");
    grant.end(expired);
    const client = { connection, waiter: new AbortController() };
    const session = new YWebsocketSession(client, pass, { limits, metrics, dropped });
    expect([connection.closeReason, connection.refusal]).toEqual([closeReasons.grantExpired, "it is over"]);
    // Not even which clients the document has.
    expect(connection.sent).toEqual([]);
    session.closed();
    expect(grant.isReleased).toBe(true);
    expect((await connect("other")).told()).toEqual(["sync-step-1"]);
  });

  test("whose grant ends while the document is loaded for its update changes nothing", async () => {
    const { authorizer, clock, connect, memory, store, turnAndSync } = setUp();
    const { say, session } = await connect("mine");
    await say(update(first));
    clock.advance(15_000);
    expect(memory.bytes).toBe(0);
    const release = store.holdLoad();
    // The deleted ranges are no longer in memory, so the update has to load the document.
    const changing = session.receive(update(deletion));
    authorizer.grants[0]?.end(expired);
    release();
    await changing;
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(1);
  });
});

describe("a frame of a y-websocket client", () => {
  test.each([
    ["a text", "__YPS:hello"],
    ["nothing", Uint8Array.of()],
    ["a message of a type that is not known", Uint8Array.of(102, 1, 7)],
    ["a sync message of a type that is not known", Uint8Array.of(0, 9, 7)],
  ])("with %s is ignored and counted, and the session goes on", async (_, frame) => {
    const { connect, ignored, store } = setUp();
    const { connection, say, told } = await connect("mine");
    await say(frame);
    told();
    await say(update(first));
    expect(told()).toEqual([`update ${first.toHex()}`]);
    expect([connection.isOpen, store.appended.flat().length]).toEqual([true, 1]);
    expect(await ignored()).toEqual([{ labels: { protocol: "y-websocket" }, value: 1 }]);
  });

  test("with several messages is handled as several frames; the others get its updates as one", async () => {
    const { connect, ignored, store } = setUp();
    const [writer, other] = [await connect("writer"), await connect("other")];
    await other.say(encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
    for (const { told } of [writer, other]) told();
    const hello = encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
    await writer.say(joined(hello, update(first), answer(second), Uint8Array.of(77, 1, 2)));
    const updates = [first, second].map((each) => `update ${each.toHex()}`);
    expect(writer.told()).toEqual(["sync-step-2", ...updates]);
    const joinedUpdate = Y.mergeUpdates([first, second]);
    expect(other.told()).toEqual([`update ${joinedUpdate.toHex()}`]);
    expect(store.appended.flat().map((stored) => stored.update)).toEqual([joinedUpdate]);
    expect(await ignored()).toMatchObject([{ value: 1 }]);
  });

  test("with a malformed message behind another is refused, and the first one is stored", async () => {
    const { connect, store, turnAndSync } = setUp();
    const { session } = await connect("mine");
    const frame = joined(update(first), Uint8Array.of(0, 2, 9, 9));
    await expect(Promise.resolve(session.receive(frame))).rejects.toMatchObject({
      reason: closeReasons.malformedFrame,
    });
    await turnAndSync();
    expect(store.appended.flat()).toHaveLength(1);
  });
});

describe("a message in pieces, as y-partykit's provider sends one of more than 1 MB", () => {
  const marker = (type: string, size: number, count = 2) =>
    `y-pk-batch#${JSON.stringify({ id: "x", type, size, count })}`;
  const message = update(first);
  const pieces = [message.subarray(0, 5), message.subarray(5)];
  const large = new Uint8Array(200_000);

  test("is put together, forwarded and acknowledged", async () => {
    const { connect, ignored } = setUp();
    const [writer, other] = [await connect("writer"), await connect("other")];
    await other.say(encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
    for (const { told } of [writer, other]) told();
    const size = message.byteLength;
    await writer.say(marker("start", size), pieces[0] ?? "", "a text between", pieces[1] ?? "", marker("end", size));
    for (const { told } of [writer, other]) expect(told()).toEqual([`update ${first.toHex()}`]);
    expect(await ignored()).toMatchObject([{ value: 1 }]);
  });

  test.each([
    ["is shorter than announced", [marker("start", 300_000), large, marker("end", 300_000)]],
    ["is longer than announced", [marker("start", 100_000), large]],
    ["comes in more pieces than its length needs", [marker("start", 3), ...Array(3).fill(Uint8Array.of(0))]],
    ["is announced without a length", [`y-pk-batch#${JSON.stringify({ type: "start" })}`]],
    ["is announced by what is no JSON", ["y-pk-batch#{"]],
  ])("is refused if it %s", async (_, frames) => {
    const { connect } = setUp();
    const { say } = await connect("mine");
    await expect(say(...frames)).rejects.toMatchObject({ reason: closeReasons.malformedFrame });
  });

  test("may be as long as a frame, and no longer", async () => {
    const { connect } = setUp({ limits: { relayFrameBytes: 1_000 } });
    const { say } = await connect("mine");
    await say(marker("start", 1_000));
    await expect(say(marker("start", 1_001))).rejects.toMatchObject({
      reason: closeReasons.frameTooLarge,
      message: "limits.relay-frame-bytes: a message of 1001 bytes",
    });
  });
});

describe("a read-only y-websocket client", () => {
  test("receives everything, changes nothing, and is told so once instead of an echo", async () => {
    const { connect, store } = setUp();
    const [writer, reader] = [await connect("writer"), await connect("reader")];
    for (const { say, told } of [writer, reader]) {
      await say(encodeMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }), answer(nothing));
      told();
    }
    await writer.say(update(first));
    expect(reader.told()).toEqual([`update ${first.toHex()}`]);
    writer.told();
    await reader.say(update(second), update(second), answer(second));
    expect(reader.told()).toEqual(["denied"]);
    expect(writer.told()).toEqual([]);
    expect(store.appended.flat()).toHaveLength(1);
    // An update that the document contains already changes nothing, and is echoed.
    await reader.say(update(first));
    expect(reader.told()).toEqual([`update ${first.toHex()}`]);
    expect(reader.connection.isOpen).toBe(true);
  });

  test("is told so as well when it sends its offline changes", async () => {
    const { connect } = setUp();
    const reader = await connect("reader");
    reader.told();
    await reader.say(answer(nothing));
    expect(reader.told()).toEqual([]);
    await reader.say(answer(second), answer(second));
    expect(reader.told()).toEqual(["denied"]);
  });

  test("that gets write access is asked for the refused changes, and told when it loses that access", async () => {
    const { authorizer, connect, store } = setUp();
    const reader = await connect("reader");
    await reader.say(update(first));
    reader.told();
    authorizer.grants[0]?.change("write");
    expect(reader.told()).toEqual(["sync-step-1"]);
    await reader.say(answer(first));
    expect(store.appended.flat()).toHaveLength(1);
    authorizer.grants[0]?.change("read");
    expect(reader.told()).toEqual([`update ${first.toHex()}`, "denied"]);
    await reader.say(update(second));
    expect(reader.told()).toEqual([]);
    expect(store.appended.flat()).toHaveLength(1);
  });

  test("is seen by the others, unless readers are hidden", async () => {
    for (const readersShowPresence of [true, false]) {
      const { clock, connect } = setUp({ readersShowPresence });
      const [writer, reader] = [await connect("writer"), await connect("reader")];
      await writer.say(presence(1, 1, '"writer"'));
      await reader.say(presence(2, 1, '"reader"'));
      clock.advance(1_000);
      const heard = writer.told().some((words) => words.includes('"reader"'));
      expect(heard).toBe(readersShowPresence);
      expect(reader.told().some((words) => words.includes('"writer"'))).toBe(true);
    }
  });

  test("disappears when it loses write access, where readers are hidden", async () => {
    const { authorizer, clock, connect } = setUp({ readersShowPresence: false });
    const [writer, other] = [await connect("writer"), await connect("other")];
    await writer.say(presence(1, 1, '"writer"'));
    await other.say(presence(2, 1, '"other"'));
    clock.advance(1_000);
    writer.told();
    authorizer.grants[1]?.change("read");
    clock.advance(1_000);
    expect(writer.told().filter((words) => words.endsWith("null"))).toHaveLength(1);
    expect(other.connection.isOpen).toBe(true);
  });
});

test("a client's frames wait while many of its updates wait for the store", async () => {
  const { connect, store } = setUp({ limits: { waitingWritesPerConnection: 2 } });
  const [{ session, connection }, other] = [await connect("writer"), await connect("other")];
  const release = store.hold();
  const writes = [7, 8, 9].map((client) => session.receive(update(bringing(client, 0, 1))));
  const [taken, alsoTaken, waiting] = writes;
  expect([taken, alsoTaken, waiting instanceof Promise]).toEqual([undefined, undefined, true]);
  expect(connection.spent.writes).toBe(2);
  expect(other.session.receive(update(bringing(10, 0, 1)))).toBeUndefined();
  release();
  await other.say();
  await waiting;
  await other.say();
  expect(store.appended.flat()).toHaveLength(4);
});

test("a client that has disconnected leaves no frame waiting for the store", async () => {
  const { connect, store } = setUp({ limits: { waitingWritesPerConnection: 1 } });
  const writer = await connect("writer");
  const release = store.hold();
  void writer.session.receive(update(bringing(7, 0, 1)));
  const waiting = writer.session.receive(update(bringing(8, 0, 1)));
  writer.leave();
  await waiting;
  release();
  await writer.say();
  expect(store.appended.flat()).toHaveLength(2);
});
