import { afterAll, beforeAll, expect, test } from "bun:test";
import * as Y from "yjs";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

test("a room of the main party is the document of that name, and a room of another party is another document", async () => {
  await using clients = new TestClients();
  const party = clients.connectAt(`${server.wsUrl}/parties/main`, "notes");
  const sync = clients.connect(server.wsUrl, "notes");
  const other = clients.connectAt(`${server.wsUrl}/parties/other`, "notes");
  await Promise.all([party, sync, other].map(synced));
  party.text.insert(0, "shared");
  await converged([party, sync]);
  other.text.insert(0, "other");
  const same = clients.connect(server.wsUrl, "parties/other/notes");
  await converged([other, same]);
  expect([sync.text.toString(), same.text.toString()]).toEqual(["shared", "other"]);
});

test("a provider's own messages, which are texts, are ignored", async () => {
  await using clients = new TestClients();
  const one = clients.connectAt(`${server.wsUrl}/parties/main`, "texts");
  const other = clients.connectAt(`${server.wsUrl}/parties/main`, "texts");
  await Promise.all([one, other].map(synced));
  one.provider.ws?.send("__YPS:hello");
  one.text.insert(0, "and on");
  await converged([one, other]);
  expect(other.text.toString()).toBe("and on");
});

test("an update in pieces of 1 MB, as y-partykit's provider sends it, reaches the others and a later client", async () => {
  await using clients = new TestClients();
  const one = clients.connectAt(`${server.wsUrl}/parties/main`, "pieces");
  const other = clients.connectAt(`${server.wsUrl}/parties/main`, "pieces");
  await Promise.all([one, other].map(synced));
  const { ws } = one.provider;
  if (ws === null) throw new Error("not connected");
  const send = ws.send.bind(ws);
  ws.send = (data: Uint8Array<ArrayBuffer>) => sendInPieces(send, data);
  one.doc.getMap("large").set("value", crypto.getRandomValues(new Uint8Array(2_500_000)).toBase64());
  await converged([one, other]);
  const late = clients.connect(server.wsUrl, "pieces");
  await synced(late);
  expect(Y.equalSnapshots(Y.snapshot(late.doc), Y.snapshot(one.doc))).toBe(true);
});

test("an HTTP client is told to upgrade", async () => {
  const response = await fetch(`${server.url}/parties/main/notes`);
  expect(response.status).toBe(426);
  expect(await response.text()).toStartWith("Not a WebSocket handshake: the header Upgrade is missing.");
});

/** Sends a message as y-partykit's provider does: in pieces, between two texts. */
function sendInPieces(send: (data: string | Uint8Array<ArrayBuffer>) => void, data: Uint8Array<ArrayBuffer>): void {
  const pieceBytes = 1_000_000;
  if (data.byteLength <= pieceBytes) {
    send(data);
    return;
  }
  const count = Math.ceil(data.byteLength / pieceBytes);
  const marker = (type: string) => `y-pk-batch#${JSON.stringify({ id: "a", type, size: data.byteLength, count })}`;
  send(marker("start"));
  for (let piece = 0; piece < count; piece += 1) send(data.slice(piece * pieceBytes, (piece + 1) * pieceBytes));
  send(marker("end"));
}
