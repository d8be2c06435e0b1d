import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { storedRows } from "../../support/bytes/stored.ts";
import { converged, disconnected, synced, TestClients } from "../../support/clients/providers.ts";
import { countClocks, RawClient, updatesOf } from "../../support/clients/raw-client.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import { tuple } from "../../support/tuple.ts";

describe("y-websocket 3.1 clients", () => {
  test.each([2, 5])("%i clients converge while all of them type", async (count) => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const all = await clients.connectAll(count, server.wsUrl, "typing together");
    const typists = all.map(({ text }, index) => typist(text, `typist ${index}`));
    for (let round = 0; round < 100; round += 1) {
      for (const type of typists) type(5);
      await pause(1);
    }
    await converged(all);
    const [first] = all;
    const late = clients.connect(server.wsUrl, "typing together");
    await synced(late);
    expect(late.text.toString()).toBe(first?.text.toString() ?? "");
    expect(late.text.length).toBeGreaterThan(count * 100);
  });

  test("a client that was offline sends its edits and gets those of the others", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const [one, other] = await clients.connectAll(2, server.wsUrl, "offline");
    one.text.insert(0, "together ");
    await converged([one, other]);
    await disconnected(one);
    typist(one.text, "offline")(300);
    typist(other.text, "online")(300);
    one.provider.connect();
    await converged([one, other]);
    expect(one.text.toString()).toBe(other.text.toString());
  });

  test("a value larger than an outbox reaches every client, even from a client that was offline, and closes no connection", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const all = await clients.connectAll(3, server.wsUrl, "large");
    const [one] = all;
    const closes: number[] = [];
    for (const { provider } of all) provider.on("connection-close", (event) => closes.push(event?.code ?? 0));
    one.doc.getMap("large").set("online", new Uint8Array(12_000_000));
    await converged(all);
    expect(closes).toEqual([]);
    await disconnected(one);
    one.doc.getMap("large").set("offline", new Uint8Array(12_000_000));
    one.provider.connect();
    await converged(all);
    await eventually("acknowledged", () => one.provider.wsconnected);
    one.text.insert(0, "and on");
    await converged(all);
    expect(closes).toEqual([0]);
  });

  test("an edit made while the first connection is being opened arrives", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const early = clients.connect(server.wsUrl, "early");
    early.text.insert(0, "before the socket is open");
    const other = clients.connect(server.wsUrl, "early");
    await eventually("the edit arrived", () => other.text.toString() === "before the socket is open");
  });

  test("a late joiner is synced with everything", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const [writer] = await clients.connectAll(1, server.wsUrl, "late");
    typist(writer.text, "writer")(2_000);
    const probe = clients.connect(server.wsUrl, "late");
    await converged([writer, probe]);
    const joiner = clients.connect(server.wsUrl, "late");
    await eventually("synced", () => joiner.provider.synced);
    expect(joiner.text.toString()).toBe(writer.text.toString());
  });

  test("a client that joins while others type gets every update exactly once", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const writers = await clients.connectAll(3, server.wsUrl, "joining");
    const typists = writers.map(({ text }, index) => typist(text, `writer ${index}`));
    const joiners: RawClient[] = [];
    for (let round = 0; round < 60; round += 1) {
      for (const type of typists) type(3);
      if (round % 3 === 0) {
        const joiner = await RawClient.connect(`${server.wsUrl}/sync/joining`);
        joiner.send({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
        joiners.push(joiner);
      }
      await pause(1);
    }
    await converged(writers);
    const expected = Y.decodeStateVector(Y.encodeStateVector(writers[0]?.doc ?? new Y.Doc()));
    const total = [...expected.values()].reduce((sum, clock) => sum + clock, 0);
    expect(total).toBeGreaterThan(100);
    for (const joiner of joiners) {
      const counts = () => countClocks([...joiner.bodies(1), ...joiner.updates]);
      await eventually("everything arrived", () => counts().size === total);
      expect(Math.max(...counts().values())).toBe(1);
    }
    for (const joiner of joiners) await joiner.close();
  });

  test("a client that sends SyncStep1 again is answered and gets nothing twice afterwards", async () => {
    await using server = await startTestServer();
    const reader = await RawClient.connect(`${server.wsUrl}/sync/resync`);
    await reader.sync();
    await reader.sync();
    const writer = await RawClient.connect(`${server.wsUrl}/sync/resync`);
    await writer.sync();
    const [update] = tuple(
      1,
      updatesOf((doc) => doc.getText().insert(0, "x")),
    );
    writer.send({ type: "update", update });
    await eventually("the update arrived", () => reader.updates.length > 0);
    await pause(50);
    expect(reader.updates).toEqual([update]);
    await reader.close();
    await writer.close();
  });

  test("a sender gets its own update when it is stored, and a known update goes back to its sender alone", async () => {
    await using server = await startTestServer();
    const [sender, other] = [
      await RawClient.connect(`${server.wsUrl}/sync/echo`),
      await RawClient.connect(`${server.wsUrl}/sync/echo`),
    ];
    await sender.sync();
    await other.sync();
    const [update] = tuple(
      1,
      updatesOf((doc) => doc.getText().insert(0, "x")),
    );
    sender.send({ type: "update", update });
    await eventually("the echo", () => sender.updates.length === 1);
    expect(storedRows(server.dataFolder)).toBe(1);
    other.send({ type: "update", update });
    await eventually("the echo of the known one", () => other.updates.length === 2);
    await pause(50);
    expect(sender.updates).toEqual([update]);
    expect(storedRows(server.dataFolder)).toBe(1);
    await sender.close();
    await other.close();
  });

  test("a sender that leaves right after its update changes nothing for the others", async () => {
    await using server = await startTestServer();
    const reader = await RawClient.connect(`${server.wsUrl}/sync/leaving`);
    await reader.sync();
    const updates = updatesOf((doc) => {
      for (const character of "gone before it is stored") doc.getText().insert(0, character);
    });
    const sender = await RawClient.connect(`${server.wsUrl}/sync/leaving`);
    for (const update of updates) sender.send({ type: "update", update });
    sender.socket.terminate();
    await eventually("all arrived", () => countClocks(reader.updates).size === updates.length);
    expect(storedRows(server.dataFolder)).toBe(reader.updates.length);
    await reader.close();
  });

  test("an update that leaves a gap is stored and forwarded, and its sender is asked once for the missing part", async () => {
    await using server = await startTestServer();
    const reader = await RawClient.connect(`${server.wsUrl}/sync/gap`);
    await reader.sync();
    const [first, second, third] = tuple(
      3,
      updatesOf((doc) => {
        for (const character of "abc") doc.getText().insert(0, character);
      }),
    );
    const sender = await RawClient.connect(`${server.wsUrl}/sync/gap`);
    await sender.sync();
    expect(sender.bodies(0)).toHaveLength(1);
    sender.send({ type: "update", update: second });
    sender.send({ type: "update", update: third });
    await eventually("both arrived", () => countClocks(reader.updates).size === 2);
    await eventually("both acknowledged", () => sender.updates.length === 2);
    expect(sender.bodies(0)).toEqual([Uint8Array.of(0), Uint8Array.of(0)]);
    sender.send({ type: "sync-step-2", update: Y.mergeUpdates([first, second, third]) });
    await eventually("the rest arrived", () => countClocks(reader.updates).size === 3);
    const joiner = await RawClient.connect(`${server.wsUrl}/sync/gap`);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await joiner.sync());
    expect(doc.getText().toString()).toBe("cba");
    for (const client of [reader, sender, joiner]) await client.close();
  });

  test("documents with similar names are different documents", async () => {
    await using server = await startTestServer();
    await using clients = new TestClients();
    const names = ["a", "A", "a%20b", "a/", "a/b", "__proto__", "constructor", "ä", "a\u0308"];
    const all = names.map((name) => clients.connect(server.wsUrl, name));
    await Promise.all(all.map(synced));
    all.forEach(({ text }, index) => {
      text.insert(0, names[index] ?? "");
    });
    await eventually("stored", () => storedRows(server.dataFolder) === names.length);
    for (const name of names) {
      const reader = clients.connect(server.wsUrl, name);
      await synced(reader);
      expect(reader.text.toString()).toBe(name);
    }
  });

  test("a client that offers a subprotocol is answered with it", async () => {
    await using server = await startTestServer();
    const client = await RawClient.connect(`${server.wsUrl}/sync/subprotocol`, { protocols: ["yjs", "other"] });
    expect(client.socket.protocol).toBe("yjs");
    await client.close();
  });
});

describe("a client that reconnects ten times with a document full of deletions", () => {
  test("adds nothing to the log when it deleted text by itself", async () => {
    expect(await rowsAddedByReconnects((text) => typist(text, "deleting")(1_500))).toEqual(Array(10).fill(0));
  });

  test("adds nothing from its second reconnect on when the deletions included other clients' nested types", async () => {
    const added = await rowsAddedByReconnects((text, other) => {
      const root = text.doc?.getArray<Y.Map<string>>("nested");
      const mirror = other.getArray<Y.Map<string>>("nested");
      for (let index = 0; index < 20; index += 1) root?.push([new Y.Map([["key", "value"]])]);
      Y.applyUpdate(other, Y.encodeStateAsUpdate(root?.doc ?? new Y.Doc()));
      for (const map of mirror) map.set("added at the same time", "by another");
      root?.delete(0, 20);
      if (root?.doc) Y.applyUpdate(root.doc, Y.encodeStateAsUpdate(other));
    });
    expect(added.slice(1)).toEqual(Array(9).fill(0));
  });
});

/** The rows that each of ten reconnects added. */
async function rowsAddedByReconnects(edit: (text: Y.Text, other: Y.Doc) => void): Promise<readonly number[]> {
  await using server = await startTestServer();
  await using clients = new TestClients();
  const [client] = await clients.connectAll(1, server.wsUrl, "deletions");
  const watcher = await RawClient.connect(`${server.wsUrl}/sync/deletions`);
  await watcher.sync();
  edit(client.text, new Y.Doc());
  const vector = Y.encodeStateVector(client.doc);
  await eventually("stored", async () => sameVector(await storedVector(server.wsUrl), vector));
  const added: number[] = [];
  let rows = storedRows(server.dataFolder);
  for (let time = 0; time < 10; time += 1) {
    await disconnected(client);
    client.provider.connect();
    await synced(client);
    // The client's SyncStep2 is handled when a later message of the same connection is answered.
    const marker = client.doc.getMap("markers");
    const [before, heard] = [storedRows(server.dataFolder) - rows, watcher.updates.length];
    marker.set("time", time);
    await eventually("the marker arrived", () => watcher.updates.length > heard);
    const after = storedRows(server.dataFolder);
    added.push(Math.max(before, after - rows - 1));
    rows = after;
  }
  await watcher.close();
  return added;
}

function sameVector(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** The state vector with which the server greets a new connection. */
async function storedVector(wsUrl: string): Promise<Uint8Array> {
  const client = await RawClient.connect(`${wsUrl}/sync/deletions`);
  await eventually("SyncStep1", () => client.bodies(0).length === 1);
  await client.close();
  return client.bodies(0)[0] ?? Uint8Array.of();
}
