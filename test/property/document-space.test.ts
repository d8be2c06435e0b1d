import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { Random } from "../support/bytes/random.ts";
import type { RoomClient } from "../support/clients/room-client.ts";
import { roomClients } from "../support/servers/room-clients.ts";

setDefaultTimeout(120_000);

const documentBytes = 5_000;
const relayFrameBytes = 20_000;
const firstSeed = Number(process.env["YURT_TEST_SEED"] ?? 20_250_607);

function edit({ doc, text }: RoomClient, random: Random): void {
  const at = random.integer(text.length + 1);
  const length = Math.min(text.length - at, 1 + random.integer(random.chance(0.2) ? 2_000 : 20));
  doc.transact(() => {
    if (random.chance(0.45)) text.delete(at, length);
    if (random.chance(0.6)) text.insert(at, "x".repeat(1 + random.integer(random.chance(0.15) ? 4_000 : 20)));
  });
}

/** Clients that paste, type, delete, undo and reconnect around the limit; some are connected by WebRTC as well. */
async function play(room: ReturnType<typeof roomClients>, random: Random): Promise<RoomClient[]> {
  const { connect, talk, pass, logBytes } = room;
  const clients: RoomClient[] = [];
  for (const id of ["a", "b", "c"]) clients.push(await connect(id));
  const undos = new Map(clients.map(({ doc, text }) => [doc, new Y.UndoManager(text, { captureTimeout: 0 })]));
  for (let count = 0; count < 150; count += 1) {
    const client = random.pick(clients);
    if (random.chance(0.1)) undos.get(client.doc)?.undo();
    else edit(client, random);
    if (random.chance(0.7)) await talk();
    if (random.chance(0.1)) await pass(1 + random.integer(10));
    const peer = random.pick(clients);
    if (random.chance(0.15) && peer !== client) {
      // The peer sends the server what it gets from the client.
      Y.applyUpdate(peer.doc, Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(peer.doc)), "peer");
    }
    if (random.chance(0.03)) {
      client.disconnect();
      clients[clients.indexOf(client)] = await connect("again", client.doc);
    }
    const frameBytes = Math.max(relayFrameBytes, ...clients.map(({ mostAnswerBytes }) => mostAnswerBytes));
    expect(await logBytes()).toBeLessThanOrEqual(documentBytes + frameBytes);
  }
  return clients;
}

/** Deletes nearly everything, which makes space for all that is left. */
async function expectAllBack(room: ReturnType<typeof roomClients>, clients: readonly RoomClient[]): Promise<void> {
  for (const { text } of clients) {
    text.delete(0, Math.max(0, text.length - 100));
    await room.pass(30);
  }
  await room.pass(60);
  const served = await room.served();
  for (const { doc, text, failure } of clients) {
    expect(failure).toBeUndefined();
    expect(doc.store.pendingStructs).toBeNull();
    expect(text.toString()).toBe(served);
  }
}

test("the log stays within the limit and one frame, and every client is back once it has deleted enough", async () => {
  let refusals = 0;
  for (let seed = firstSeed; seed < firstSeed + 40; seed += 1) {
    try {
      const [random, room] = [new Random(seed), roomClients({ limits: { documentBytes, relayFrameBytes } })];
      await expectAllBack(room, await play(room, random));
      refusals += await room.refusals();
    } catch (error) {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
  expect(refusals).toBeGreaterThan(100);
});
