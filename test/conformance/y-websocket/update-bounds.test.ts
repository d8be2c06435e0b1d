import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { converged, synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const bounds = { updateStructs: 40_000, updateClients: 40_000, updateDeletedRanges: 40_000 };

/** A table with so many entries. */
function fill({ doc }: TestClient, entries: number): void {
  doc.transact(() => {
    for (let index = 0; index < entries; index += 1) doc.getMap("table").set(`cell ${index}`, index);
  });
}

/** The closes of a client that the server has decided, by code. */
function closesOf({ provider }: TestClient): readonly number[] {
  const closes: number[] = [];
  provider.on("connection-close", (event) => closes.push(event?.code ?? 0));
  return closes;
}

describe("an update of many structs, with y-websocket", () => {
  test("arrives when it reaches the bound", async () => {
    await using server = await startTestServer({ limits: bounds });
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "table");
    const closes = closesOf(one);
    fill(one, 40_000);
    await eventually("the table arrives", () => other.doc.getMap("table").size === 40_000, 20_000);
    one.text.insert(0, "afterwards");
    await converged([one, other], 20_000);
    expect(closes).toEqual([]);
  }, 60_000);

  test("ends the session of its client for good beyond it, and that of no other client", async () => {
    const { log, events } = recordedLog();
    await using server = await startTestServer({ limits: bounds, log });
    await using clients = new TestClients();
    const [one, other, third] = await clients.connectAll(3, server.wsUrl, "table");
    const closes = [one, other, third].map(closesOf);
    fill(one, 40_001);
    await eventually("closed", () => (closes[0]?.length ?? 0) > 0, 20_000);
    await pause(1_500);
    expect(closes).toEqual([[4413], [], []]);
    const detail = "limits.update-structs: 40001 of 40000 in one update";
    expect(events).toMatchObject([{ reason: "frame-too-large", detail }]);
    other.text.insert(0, "unaffected");
    await converged([other, third]);
  }, 60_000);
});

test("a document that has as many structs as it may have keeps its client, which is back after its undo", async () => {
  await using server = await startTestServer({ limits: { documentStructs: 1_000 } });
  await using clients = new TestClients();
  const [one, other] = await clients.connectAll(2, server.wsUrl, "full");
  const closes = closesOf(one);
  const table = one.doc.getMap("table");
  const undo = new Y.UndoManager(table, { captureTimeout: 0 });
  // Deleted together with its table, an entry leaves no mark of its own.
  const entries = Array.from({ length: 1_200 }, (_, index) => [`cell ${index}`, index] as const);
  table.set("sheet", new Y.Map(entries));
  await pause(300);
  other.text.insert(0, "meanwhile ");
  await eventually("the other's edit arrives", () => one.text.toString() === "meanwhile ");
  expect(other.doc.getMap("table").size).toBe(0);
  undo.undo();
  one.text.insert(0, "and on ");
  await converged([one, other], 20_000);
  expect(closes).toEqual([]);
  const fresh = clients.connect(server.wsUrl, "full");
  await synced(fresh);
  expect(fresh.text.toString()).toBe("and on meanwhile ");
}, 60_000);
