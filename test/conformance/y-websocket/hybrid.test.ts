import { expect, test } from "bun:test";
import * as Y from "yjs";
import { storedRows } from "../../support/bytes/stored.ts";
import { converged, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { countClocks, RawClient } from "../../support/clients/raw-client.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

/**
 * Links the documents as a WebRTC mesh does: an update that one applies, from any origin, is applied by the others,
 * which send it to the server.
 */
function mesh(all: readonly TestClient[]): void {
  for (const { doc } of all) {
    doc.on("update", (update: Uint8Array) => {
      for (const peer of all) if (peer.doc !== doc) Y.applyUpdate(peer.doc, update, "mesh");
    });
  }
}

test("an update that each of five hybrid clients sends again is stored once and forwarded once", async () => {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const all = await clients.connectAll(5, server.wsUrl, "hybrid");
  const watcher = await RawClient.connect(`${server.wsUrl}/sync/hybrid`);
  await watcher.sync();
  mesh(all);
  let sentByClients = 0;
  let made = 0;
  for (const { provider, doc } of all) {
    doc.on("update", (_: Uint8Array, origin: unknown) => {
      if (origin !== provider) sentByClients += 1;
      if (origin !== provider && origin !== "mesh") made += 1;
    });
  }
  const typists = all.map(({ text }, index) => typist(text, `hybrid ${index}`));
  for (let round = 0; round < 40; round += 1) {
    for (const type of typists) type(2);
    await pause(1);
  }
  await converged(all);
  const reader = await RawClient.connect(`${server.wsUrl}/sync/hybrid`);
  const complete = async () => sameState(await reader.sync(), all);
  await eventually("the server has everything", complete);
  await eventually("the watcher has everything", () => sameState(Y.mergeUpdates([...watcher.updates]), all));
  await pause(100);
  expect(made).toBe(5 * 40 * 2);
  expect(sentByClients).toBe(made * 5);
  expect(watcher.updates.length).toBeLessThanOrEqual(made);
  expect(Math.max(...countClocks(watcher.updates).values())).toBe(1);
  expect(storedRows(server.dataFolder)).toBe(watcher.updates.length);
  await watcher.close();
  await reader.close();
});

function sameState(update: Uint8Array, [first]: readonly TestClient[]): boolean {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return first !== undefined && Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(first.doc));
}
