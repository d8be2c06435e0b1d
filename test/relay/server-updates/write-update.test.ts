import { expect, test } from "bun:test";
import * as Y from "yjs";
import { writeUpdate } from "../../../src/relay/server-updates/write-update.ts";
import { updateOf } from "../../support/api/documents.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { roomParts } from "../../support/servers/room-parts.ts";

/** An update that is read in many steps, a turn each. */
function largeUpdate(): Uint8Array {
  const doc = new Y.Doc();
  const text = doc.getText("text");
  for (let index = 0; index < 12_000; index += 1) text.insert(index % 2 === 0 ? 0 : text.length, "x");
  return Y.encodeStateAsUpdate(doc);
}

async function setUp() {
  const parts = roomParts({}, openMemoryStore());
  const room = await parts.open();
  const write = (update: Uint8Array, condition?: (sequence: number) => boolean) =>
    writeUpdate(room, { update, user: undefined, condition });
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await parts.turnAndSync();
  };
  return { room, write, turns };
}

const isNew = (sequence: number) => sequence === 0;

test("a write tells its row, and whether it had anything new", async () => {
  const { turns, write } = await setUp();
  const update = updateOf("text");
  const first = write(update);
  await turns(2);
  expect(await first).toEqual({ kind: "written", sequence: 1, isChanged: true });
  const again = write(update);
  await turns(2);
  expect(await again).toEqual({ kind: "written", sequence: 1, isChanged: false });
});

test("a condition is decided when what has come before is stored", async () => {
  const { turns, write } = await setUp();
  const before = write(updateOf("before"));
  const conditional = write(updateOf("after"), isNew);
  await turns(2);
  expect(await before).toMatchObject({ kind: "written" });
  expect(await conditional).toEqual({ kind: "refused", sequence: 1 });
});

test("of two large writes for a new document, which are read at the same time, one is done", async () => {
  const { room, turns, write } = await setUp();
  const both = [write(largeUpdate(), isNew), write(largeUpdate(), isNew)];
  await turns(100);
  const outcomes = await Promise.all(both);
  expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["refused", "written"]);
  expect(room.sequence).toBe(1);
});

test("a condition does not hold while an update waits that came after it was first decided", async () => {
  const measured = await setUp();
  let asked = 0;
  const alone = measured.write(largeUpdate(), (sequence) => {
    asked += 1;
    return isNew(sequence);
  });
  let steps = 0;
  for (; asked < 2; steps += 1) await measured.turns(1);
  await measured.turns(2);
  expect(await alone).toMatchObject({ kind: "written" });
  expect(steps).toBeGreaterThan(1);

  const { room, turns, write } = await setUp();
  const conditional = write(largeUpdate(), isNew);
  await turns(steps - 1);
  expect(room.sequence).toBe(0);
  const small = write(updateOf("small"));
  await turns(3);
  expect(await small).toMatchObject({ kind: "written" });
  expect(await conditional).toMatchObject({ kind: "refused" });
});
