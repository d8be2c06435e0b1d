import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { converged, disconnected, synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const megabyte = 1_000_000;

/** The closes of a client that the server has decided, by code. */
function closesOf({ provider }: TestClient): readonly number[] {
  const closes: number[] = [];
  provider.on("connection-close", (event) => closes.push(event?.code ?? 0));
  return closes;
}

async function textFor(clients: TestClients, { wsUrl }: TestServer, document: string): Promise<string> {
  const fresh = clients.connect(wsUrl, document);
  await synced(fresh);
  return fresh.text.toString();
}

describe("a document of 1 MB at most, with y-websocket", () => {
  test("takes replacements without end as long as its content has space", async () => {
    await using server = await startTestServer({ limits: { documentBytes: megabyte } });
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "replaced");
    const closes = closesOf(one);
    one.text.insert(0, "x".repeat(800_000));
    await converged([one, other]);
    for (let count = 0; count < 300; count += 1) {
      one.doc.transact(() => {
        one.text.delete(0, 2_000);
        one.text.insert(0, "y".repeat(2_000));
      });
      if (count % 10 === 0) await pause(1);
    }
    other.text.insert(0, "and the other ");
    await converged([one, other], 20_000);
    expect(closes).toEqual([]);
    expect(await textFor(clients, server, "replaced")).toBe(one.text.toString());
  }, 60_000);

  test("refuses a paste that is too large, and has the client back when its user has undone it", async () => {
    const { log, events } = recordedLog();
    await using server = await startTestServer({ limits: { documentBytes: megabyte }, log });
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "pasted");
    const closes = closesOf(one);
    const undo = new Y.UndoManager(one.text, { captureTimeout: 0 });
    one.text.insert(0, "before ");
    await converged([one, other]);
    one.text.insert(0, "x".repeat(2 * megabyte));
    one.doc.transact(() => one.text.insert(one.text.length, "typed after it "), "not tracked");
    other.text.insert(0, "meanwhile ");
    await eventually("the other's edit arrives", () => one.text.toString().includes("meanwhile "));
    expect(other.text.toString()).toBe("meanwhile before ");
    const detail = expect.stringMatching(/^limits\.document-bytes: \d+ bytes beside \d+ of 1000000$/);
    await eventually("refused", () => events.length > 0);
    expect(events).toMatchObject([{ event: "update-refused", reason: "document-too-large", detail }]);
    undo.undo();
    await converged([one, other]);
    expect(other.text.toString()).toBe("meanwhile before typed after it ");
    one.text.insert(0, "and on ");
    await converged([one, other]);
    expect(closes).toEqual([]);
    expect(await textFor(clients, server, "pasted")).toBe("and on meanwhile before typed after it ");
  });

  test("has a client back that has undone its paste while it was offline", async () => {
    await using server = await startTestServer({ limits: { documentBytes: megabyte } });
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "offline");
    const undo = new Y.UndoManager(one.text, { captureTimeout: 0 });
    one.text.insert(0, "x".repeat(2 * megabyte));
    await pause(100);
    await disconnected(one);
    undo.undo();
    one.text.insert(0, "written offline");
    one.provider.connect();
    await converged([one, other]);
    expect(other.text.toString()).toBe("written offline");
  });

  test("takes what it had no space for when another client has deleted something", async () => {
    await using server = await startTestServer({ limits: { documentBytes: megabyte } });
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "full");
    one.text.insert(0, "x".repeat(900_000));
    await converged([one, other]);
    one.text.insert(0, "y".repeat(200_000));
    one.text.insert(0, "typed after it ");
    await pause(100);
    other.text.delete(0, 500_000);
    await converged([one, other], 20_000);
    expect(other.text.toString()).toStartWith("typed after it yyy");
  }, 30_000);
});
