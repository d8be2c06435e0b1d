import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import type { Submission } from "../../src/relay/submission.ts";
import { IdSet } from "../../src/relay/update/id-set.ts";
import { contentsOf } from "../../src/relay/update/update-contents.ts";
import { decodeFrame, encodeMessage, updateOffsetOf } from "../../src/relay/y-websocket/codec.ts";
import { yWebsocketEncoding } from "../../src/relay/y-websocket/session.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { RandomEditor, visibleContent } from "../support/clients/random-editors.ts";
import { countClocks } from "../support/clients/raw-client.ts";
import { TextTypist } from "../support/clients/text-typist.ts";
import { settled } from "../support/eventually.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts } from "../support/servers/room-parts.ts";

setDefaultTimeout(120_000);

/** Knows which rows are durable: those that were appended before a sync began that has ended. */
class SyncedStore extends FailingStore {
  readonly durableIds = { structs: new IdSet(), deletes: new IdSet() };

  override async durable(): Promise<void> {
    const rows = this.appended.flat();
    await super.durable();
    for (const { update } of rows) {
      const { structs, deletes } = contentsOf(update);
      this.durableIds.structs.addAll(structs);
      this.durableIds.deletes.addAll(deletes);
    }
  }

  isDurable(update: Uint8Array): boolean {
    const { structs, deletes } = contentsOf(update);
    return structs.isWithin([this.durableIds.structs]) && deletes.isWithin([this.durableIds.deletes]);
  }
}

interface Person {
  readonly doc: Y.Doc;
  /** Makes changes, and returns their updates. */
  change(count: number): readonly Uint8Array[];
  receive(update: Uint8Array): void;
}

function typist(random: Random): Person {
  const person = new TextTypist(random);
  return {
    doc: person.doc,
    change: (count) => person.type(count),
    receive: (update) => person.receive(update),
  };
}

function editor(random: Random): Person {
  const person = new RandomEditor(random);
  return {
    doc: person.doc,
    change: (count) => {
      for (let left = count; left > 0; left -= 1) person.edit();
      return person.sent.splice(0);
    },
    receive: (update) => person.receive(update),
  };
}

type Room = Awaited<ReturnType<typeof openRoom>>;

async function openRoom(random: Random) {
  const store = new SyncedStore(openMemoryStore());
  const { open, clock } = roomParts({ limits: { outboxBytes: random.pick([2_000, 8 * 2 ** 20]) } }, store);
  const room = await open();
  const turn = async () => {
    clock.endTurn();
    await settled();
  };
  return { store, room, clock, turn };
}

/** Lets a person enter the room, as a session does that tries frames before updates. */
function enter(random: Random, { room, store }: Room, person: Person) {
  const connection = new FakeConnection("client");
  const member = { connection, encoding: yWebsocketEncoding, access: "write" as const };
  room.join(member);
  void room.sync(member, Uint8Array.of(0));
  const own = new Set<string>();
  let unacknowledged = 0;
  /** The document may have to be read while the store fails: then a client returns and brings its update again. */
  const submitUntilTaken = async (submission: Submission) => {
    try {
      return await room.updates.submit(submission);
    } catch (error) {
      expect(error).toMatchObject({ reason: closeReasons.storageUnavailable });
      store.recover();
      return await room.updates.submit(submission);
    }
  };
  const send = async (updates: readonly Uint8Array[]) => {
    for (const update of updates) {
      const frame = encodeMessage({ type: "update", update });
      own.add(update.toHex());
      unacknowledged += 1;
      const stored = () => {
        unacknowledged -= 1;
        expect(store.isDurable(update)).toBe(true);
      };
      const submission = { sender: member, access: "write", frame, stored } as const;
      const isTaken = random.chance(0.8) && room.updates.submitFrame(submission, updateOffsetOf(frame));
      if (!isTaken) expect(await submitUntilTaken({ ...submission, update })).toBe("taken");
    }
  };
  const receive = () => {
    for (const frame of connection.take()) {
      const message = decodeFrame(frame as Uint8Array);
      if (!("update" in message)) continue;
      // A member is not sent its own updates, neither alone nor joined with those of others.
      expect(own.has(message.update.toHex())).toBe(false);
      person.receive(message.update);
    }
  };
  return { person, send, receive, unacknowledged: () => unacknowledged };
}

function disturb(random: Random, store: FailingStore): void {
  if (random.chance(0.1)) store.fail("unavailable");
  else if (random.chance(0.3)) store.recover();
}

/** People change one document at once, while the store, the disk and their links answer sooner or later. */
async function playRoom(random: Random): Promise<void> {
  const opened = await openRoom(random);
  const { store, clock, turn } = opened;
  const members = [typist(random), typist(random), editor(random)].map((person) => enter(random, opened, person));
  for (let step = 0; step < 60; step += 1) {
    const { person, send, receive } = random.pick(members);
    if (random.chance(0.5)) receive();
    await send(person.change(1 + random.integer(6)));
    disturb(random, store);
    if (random.chance(0.5)) await turn();
    if (random.chance(0.3)) clock.advance(random.integer(200));
  }
  store.recover();
  for (let turns = 0; turns < 20; turns += 1) {
    clock.advance(5_000);
    await turn();
    for (const { receive } of members) receive();
  }
  const stored = store.appended.flat().map(({ update }) => update);
  const whole = new Y.Doc();
  for (const update of stored) Y.applyUpdate(whole, update);
  const contents = members.map(({ person }) => visibleContent(person.doc));
  for (const [index, { person, unacknowledged }] of members.entries()) {
    expect(unacknowledged()).toBe(0);
    expect(contents[index]).toEqual(contents[0]);
    expect(Y.encodeStateVector(person.doc)).toEqual(Y.encodeStateVector(whole));
  }
  expect([...countClocks(stored).values()].every((count) => count === 1)).toBe(true);
}

test("runs of updates bring everybody the same, store each clock once, and acknowledge what is durable", async () => {
  const runs: Promise<void>[] = [];
  withSeeds(25, (random, seed) => {
    const fail = (error: unknown) => {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}`, { cause: error });
    };
    runs.push(playRoom(random).catch(fail));
  });
  await Promise.all(runs);
});
