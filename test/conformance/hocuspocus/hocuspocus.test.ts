import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import * as Y from "yjs";
import { messageTypes } from "../../../src/relay/hocuspocus/codec.ts";
import { framed } from "../../support/bytes/hocuspocus-frames.ts";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const present = (name: string) => (states: readonly { readonly user?: { readonly name?: string } }[]) =>
  states.some(({ user }) => user?.name === name);

describe.each([...kinds])("providers of version $label", (kind) => {
  test("share a document, and know when everything is stored", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "my notes");
    typist(a.text, "a")(200);
    typist(b.text, "b")(200);
    expect(a.provider.unsyncedChanges).toBeGreaterThan(0);
    await Promise.all([a, b].map(saved));
    await converged([a, b]);
    const late = clients.attach("my notes");
    await saved(late);
    await converged([a, b, late]);
  });

  test("stay in their document after frames that the server does not know", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "stray");
    for (const frame of ["text", new Uint8Array(), framed("stray", 99, "later"), framed("stray", messageTypes.auth, 9)])
      a.socket.webSocket?.send(frame);
    typist(a.text, "a")(50);
    await saved(a);
    await converged([a, b]);
    expect([a.socket.status, a.provider.isSynced]).toEqual(["connected", true]);
  });

  test("send offline edits, and have them acknowledged", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "offline");
    a.socket.disconnect();
    await eventually("offline", () => a.socket.status === "disconnected");
    const countBefore = a.provider.unsyncedChanges;
    typist(a.text, "offline")(50);
    typist(b.text, "online")(50);
    void a.socket.connect();
    await eventually("synced", () => a.provider.isSynced);
    await converged([a, b]);
    // Version 2 never resets the count of updates that it sent while it was disconnected.
    const left = kind.version === 2 ? a.provider.unsyncedChanges : 0;
    await eventually("acknowledged", () => a.provider.unsyncedChanges === left);
    expect(countBefore).toBe(0);
  });

  test("reconnect after a restart of the server, with their edits of the meantime", async () => {
    const dataFolder = await temporaryFolder();
    const first = await startTestServer({ dataFolder });
    await using clients = new HocuspocusClients(kind, first.wsUrl);
    const [a, b] = await clients.attachAll(2, "restart");
    typist(a.text, "before")(50);
    await saved(a);
    await first.stop();
    await eventually("disconnected", () => !a.provider.isSynced && !b.provider.isSynced);
    typist(b.text, "meanwhile")(50);
    await using second = await startTestServer({ dataFolder, port: first.port });
    await eventually("synced", () => a.provider.isSynced && b.provider.isSynced, 20_000);
    await converged([a, b]);
    const fresh = clients.attach("restart");
    await saved(fresh);
    await converged([a, b, fresh]);
    await second.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }, 40_000);

  test("see the other users, even right after a reconnect, and see who has left or hidden", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "presence");
    const seenBy = (client: typeof a) => [...(client.provider.awareness?.getStates().values() ?? [])];
    a.provider.awareness?.setLocalStateField("user", { name: "Ada" });
    b.provider.awareness?.setLocalStateField("user", { name: "Bob" });
    await eventually("both", () => present("Ada")(seenBy(b)) && present("Bob")(seenBy(a)));
    a.socket.disconnect();
    await eventually("gone", () => !present("Ada")(seenBy(b)));
    void a.socket.connect();
    await eventually("both again", () => present("Ada")(seenBy(b)) && present("Bob")(seenBy(a)), 3_000);
    a.provider.awareness?.setLocalState(null);
    await eventually("hidden", () => !present("Ada")(seenBy(b)), 3_000);
    a.provider.awareness?.setLocalState({ user: { name: "Ada" } });
    await eventually("shown", () => present("Ada")(seenBy(b)), 3_000);
  });

  test("send each other stateless messages", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "stateless");
    a.provider.sendStateless("hello");
    a.provider.sendStateless("world");
    await eventually("received", () => b.stateless.length === 2);
    expect([a.stateless, b.stateless]).toEqual([[], ["hello", "world"]]);
  });

  test("may force a sync, and learn when it has ended", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "force");
    typist(a.text, "x")(20);
    await saved(a);
    a.provider.forceSync();
    // Version 2 does not count the start of the sync, but counts its end.
    const end = kind.version === 2 ? -1 : 0;
    await eventually("the end", () => a.provider.unsyncedChanges === end);
    await converged([a, b]);
  });

  test("share a document with y-websocket's clients", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    await using others = new TestClients();
    const a = clients.attach("both worlds");
    const other = others.connect(server.wsUrl, "both worlds");
    await Promise.all([saved(a), synced(other)]);
    typist(a.text, "a")(50);
    typist(other.text, "other")(50);
    await converged([a, other]);
    await saved(a);
    a.provider.awareness?.setLocalStateField("user", { name: "Ada" });
    await eventually("presence", () => present("Ada")([...other.provider.awareness.getStates().values()]));
  });

  test("carry several documents over one socket, and detach one", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const attached = ["one", "two", "three"].map((name) => clients.attach(name, { socket }));
    const observers = ["one", "two", "three"].map((name) => clients.attach(name));
    await Promise.all([...attached, ...observers].map(saved));
    for (const { text } of attached) typist(text, "x")(10);
    await Promise.all(attached.map(saved));
    for (const [index, client] of attached.entries()) await converged([client, observers[index] ?? client]);
    const [first, second] = attached;
    const [watcher, other] = observers;
    if (!(first && second && watcher && other)) throw new Error("three clients each");
    first.provider.destroy();
    typist(watcher.text, "y")(10);
    typist(other.text, "y")(10);
    await converged([second, other]);
    await saved(watcher);
    expect(first.text.toString()).not.toBe(watcher.text.toString());
    const again = clients.attach("one", { socket });
    await saved(again);
    await converged([again, watcher]);
  });
});

describe("providers with sessionAwareness", () => {
  test("edit one document twice over one socket", async () => {
    const kind = kinds.find(({ sessionAwareness }) => sessionAwareness);
    if (kind === undefined) throw new Error("one kind has sessions");
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const [a, b] = [clients.attach("twice", { socket }), clients.attach("twice", { socket })];
    await Promise.all([a, b].map(saved));
    typist(a.text, "a")(50);
    typist(b.text, "b")(50);
    await converged([a, b]);
    await Promise.all([a, b].map(saved));
    a.provider.destroy();
    typist(b.text, "c")(10);
    await saved(b);
  });
});

describe("the server's counting of acknowledgements stays correct", () => {
  const [, , , kind] = kinds;
  if (kind === undefined) throw new Error("version 4");

  test("when a provider forces a sync while edits are under way: it reports everything as stored only when it is", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const a = clients.attach("race");
    await saved(a);
    for (let round = 0; round < 20; round += 1) {
      typist(a.text, `${round}`)(20);
      a.provider.forceSync();
      await eventually("the end", () => a.provider.unsyncedChanges === 0);
      const fresh = clients.attach("race");
      await saved(fresh);
      expect(Y.equalSnapshots(Y.snapshot(a.doc), Y.snapshot(fresh.doc))).toBe(true);
      fresh.provider.destroy();
    }
  });

  test("when frames arrive a few at a time", async () => {
    await using server = await startTestServer();
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const [a, b] = await clients.attachAll(2, "pieces");
    const type = typist(a.text, "a");
    for (let round = 0; round < 50; round += 1) {
      type(3);
      if (round % 7 === 0) b.provider.forceSync();
      await pause(2);
    }
    await Promise.all([a, b].map(saved));
    await converged([a, b]);
  });
});

test("refused documents are logged with the limit, and no faster than the log can be read", async () => {
  const { log, events } = recordedLog();
  await using server = await startTestServer({ limits: { documentsPerConnection: 1 }, log });
  await using clients = new HocuspocusClients(
    { label: "4", version: 4, sessionAwareness: false, token: null },
    server.wsUrl,
  );
  const socket = clients.openSocket();
  const names = Array.from({ length: 40 }, (_, index) => `document ${index}`);
  const attached = names.map((name) => clients.attach(name, { socket }));
  await eventually("refused", () => attached.filter(({ failures }) => failures.length > 0).length === 39);
  const refusals = events.filter(({ event }) => event === "document-refused");
  const detail = "limits.documents-per-connection: more than 1 documents";
  expect(refusals[0]).toMatchObject({ reason: "forbidden", detail });
  expect(refusals.length).toBeWithin(20, 25);
});
