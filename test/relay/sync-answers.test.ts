import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { Limits } from "../../src/composition/settings/limits.ts";
import { encodeStateVector } from "../../src/relay/update/state-vector.ts";
import { decodeFrame } from "../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../src/relay/y-websocket/session.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { updatesOf } from "../support/clients/raw-client.ts";
import { settled } from "../support/eventually.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";

const emptyVector = Uint8Array.of(0);
const client = 1;

async function setUp(limits: Partial<Limits> = {}) {
  const parts = roomParts({ limits }, openMemoryStore());
  const room = await parts.open();
  const join = (id: string) => {
    const connection = new FakeConnection(id);
    const member = { connection, encoding: yWebsocketEncoding, access: "write" as const };
    room.join(member);
    /** The lengths of the texts in the answers since the last call. */
    const answers = () =>
      connection.take().flatMap((frame) => {
        const message = typeof frame === "string" ? undefined : decodeFrame(frame);
        return message?.type === "sync-step-2" ? [lengthOf(message.update)] : [];
      });
    return { connection, member, answers };
  };
  const write = async (...updates: readonly Uint8Array[]) => {
    const writer = join("writer");
    for (const update of updates) void submit(room, writer.member, { update });
    // The queue commits so many in a turn.
    for (let left = updates.length; left > 0; left -= 250) await parts.turnAndSync();
    room.leave(writer.member);
  };
  const heldBytes = async () => {
    const text = await parts.metrics.registry.metrics();
    return Number(/^yurt_budget_used_bytes\{budget="snapshots"\} (\d+)$/m.exec(text)?.[1]);
  };
  return { ...parts, room, join, write, heldBytes };
}

/** The structs that an update brings, in clocks. */
function lengthOf(update: Uint8Array): number {
  return Y.decodeUpdate(update).structs.reduce((sum, { length }) => sum + length, 0);
}

const vector = (clock: number) => encodeStateVector(new Map([[client, clock]]));

function typed(count: number): readonly Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = client;
  return updatesOf((each) => {
    for (let left = count; left > 0; left -= 1) each.getText("t").insert(left % (each.getText("t").length + 1), "x");
  }, doc);
}

describe("state vectors of one member", () => {
  test("are refused at once when they are malformed, also those that need not be answered", async () => {
    const { room, join, write } = await setUp({ answerBurst: 1, answersPerSecond: 1 });
    await write(...typed(3));
    const { member } = join("asks");
    for (let count = 0; count < 3; count += 1) void room.sync(member, vector(1));
    const malformed = { reason: closeReasons.malformedFrame };
    expect(() => void room.sync(member, Uint8Array.of(1, 1))).toThrow(expect.objectContaining(malformed));
  });

  test("are answered so many at once; of those that come after that, the last one in time", async () => {
    const { clock, room, join, write } = await setUp({ answerBurst: 3, answersPerSecond: 1 });
    await write(...typed(20));
    const { member, answers } = join("asks");
    for (let clockOf = 1; clockOf <= 10; clockOf += 1) void room.sync(member, vector(clockOf));
    expect(answers()).toEqual([19, 18, 17]);
    clock.advance(999);
    expect(answers()).toEqual([]);
    clock.advance(1);
    expect(answers()).toEqual([10]);
    clock.advance(10_000);
    expect(answers()).toEqual([]);
  });

  test("do not take from those of other members", async () => {
    const { room, join, write } = await setUp({ answerBurst: 1 });
    await write(...typed(20));
    const [one, other] = [join("one"), join("other")];
    for (const { member } of [one, one, one, other]) void room.sync(member, vector(5));
    expect([one.answers(), other.answers()]).toEqual([[15], [15]]);
  });

  test("wait for nothing when the member has left", async () => {
    const { clock, room, join, write } = await setUp({ answerBurst: 1 });
    await write(...typed(20));
    const { member, answers } = join("asks");
    void room.sync(member, vector(1));
    void room.sync(member, vector(2));
    answers();
    room.leave(member);
    clock.advance(10_000);
    expect(answers()).toEqual([]);
  });
});

test("all members of a room together are answered at a bounded rate, but at once if they have nothing", async () => {
  const { clock, room, join, write } = await setUp({ roomAnswerBurst: 2, roomAnswersPerSecond: 1 });
  await write(...typed(20));
  const members = [join("a"), join("b"), join("c")];
  for (const { member } of members) void room.sync(member, vector(5));
  expect(members.map(({ answers }) => answers())).toEqual([[15], [15], []]);
  const joiner = join("joins");
  void room.sync(joiner.member, emptyVector);
  expect(joiner.answers()).toEqual([20]);
  clock.advance(1_000);
  expect(members.map(({ answers }) => answers())).toEqual([[], [], [15]]);
});

test("a malformed state vector ends the session, and takes nothing of the snapshot budget for good", async () => {
  const parts = await setUp();
  await parts.write(...typed(5_000));
  const { member } = parts.join("asks");
  await parts.room.sync(member, emptyVector);
  expect(await parts.heldBytes()).toBe(0);
  // The answer is prepared now, so the request is answered at once.
  const malformed = Uint8Array.of(1, client);
  expect(() => parts.room.sync(member, malformed)).toThrow(
    expect.objectContaining({ reason: closeReasons.malformedFrame }),
  );
  expect(await parts.heldBytes()).toBe(0);
});

test.each([
  ["whole", {}],
  ["in pieces", { snapshotPieceBytes: 4_096 }],
])("an answer (%s) that closes its connection takes nothing of the snapshot budget for good", async (_, limits) => {
  const { room, join, write, heldBytes } = await setUp(limits);
  await write(...typed(5_000));
  const { connection, member } = join("asks");
  connection.sendSnapshot = () => {
    connection.unsentBytes = 1;
    connection.close(closeReasons.overloaded);
    room.leave(member);
  };
  await room.sync(member, emptyVector);
  expect(await heldBytes()).toBe(0);
});

test("a state vector of more than the bound ends the session", async () => {
  const { room, join } = await setUp({ stateVectorBytes: 8 });
  const { member } = join("asks");
  const large = encodeStateVector(new Map([1, 2, 3, 4, 5].map((id) => [id, 1])));
  expect(() => room.sync(member, large)).toThrow(
    expect.objectContaining({
      reason: closeReasons.frameTooLarge,
      message: expect.stringContaining("limits.state-vector"),
    }),
  );
});

describe("the answer from a document with a long tail", () => {
  test("is prepared in the turns of the member that asks, and spends its work before it is done", async () => {
    const { room, join, write } = await setUp();
    await write(...typed(5_000));
    const { connection, member, answers } = join("asks");
    connection.turns.isOver = true;
    const answered = room.sync(member, emptyVector);
    await settled();
    expect([answers(), connection.spent["merged-bytes"]]).toEqual([[], undefined]);
    connection.turns.next();
    await answered;
    expect(connection.spent["merged-bytes"]).toBeGreaterThan(32 * 1024);
    expect(answers()).toHaveLength(1);
  });

  test("makes the member wait in its own turns, not in those of another one", async () => {
    const { room, join, write } = await setUp();
    await write(...typed(5_000));
    const [slow, other] = [join("slow"), join("other")];
    slow.connection.turns.isOver = true;
    const answered = room.sync(slow.member, emptyVector);
    await room.sync(other.member, emptyVector);
    await settled();
    expect([slow.answers(), other.answers().length]).toEqual([[], 1]);
    slow.connection.turns.next();
    await answered;
    expect(slow.answers()).toHaveLength(1);
  });
});
