/** Faults that users of other servers have reported, each with its source, tried with the real client. */
import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import { converged, disconnected, synced, TestClients } from "../../support/clients/providers.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startRelayServer } from "../../support/servers/relay-server.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

// yjs/y-protocols#7: after a restart of the server, setLocalStateField changed nothing any more.
test("a client that changes one field of its state after a restart is seen with it", async () => {
  await using folder = await ownFolder();
  const first = await startTestServer({ dataFolder: folder.path });
  await using clients = new TestClients();
  const [ann, ben] = await clients.connectAll(2, first.wsUrl, "fields");
  ann.provider.awareness.setLocalStateField("user", { name: "Ann" });
  const stateOfAnn = () => ben.provider.awareness.getStates().get(ann.doc.clientID);
  await eventually("seen", () => stateOfAnn()?.["user"]?.name === "Ann");
  await first.stop();
  await eventually("disconnected", () => !ann.provider.wsconnected);
  await using _second = await startTestServer({ dataFolder: folder.path, port: first.port });
  await Promise.all([ann, ben].map(synced));
  ann.provider.awareness.setLocalStateField("cursor", 5);
  await eventually("seen again", () => stateOfAnn()?.["cursor"] === 5 && stateOfAnn()?.["user"]?.name === "Ann");
});

// jupyter-server-documents#210, jupyterlab#14031: content was doubled when a client came back after a restart.
test("a client that stays open over three restarts doubles nothing", async () => {
  await using folder = await ownFolder();
  let server = await startTestServer({ dataFolder: folder.path });
  await using clients = new TestClients();
  const client = clients.connect(server.wsUrl, "cells");
  await synced(client);
  client.text.insert(0, "print('hello')");
  for (let restart = 0; restart < 3; restart += 1) {
    await eventually("disconnected", async () => {
      await server.stop();
      return !client.provider.wsconnected;
    });
    client.text.insert(client.text.length, "!");
    server = await startTestServer({ dataFolder: folder.path, port: server.port });
    await synced(client);
  }
  const fresh = clients.connect(server.wsUrl, "cells");
  await synced(fresh);
  await converged([client, fresh]);
  expect(fresh.text.toString()).toBe("print('hello')!!!");
  await server.stop();
});

// jupyter-server-documents#305: content was lost when a client came back to a room that had been freed meanwhile.
test("a client that slept while its room was freed and reopened by another loses nothing", async () => {
  // This server closes a room a second after its last member has left.
  await using server = await startRelayServer({ authorizer: openAuthorizer });
  await using clients = new TestClients();
  const sleeper = clients.connect(server.wsUrl, "notebook");
  await synced(sleeper);
  sleeper.text.insert(0, "before ");
  await eventually("stored", () => sleeper.provider.synced);
  await disconnected(sleeper);
  sleeper.text.insert(sleeper.text.length, "asleep ");
  for (const visit of [0, 1]) {
    const visitor = clients.connect(server.wsUrl, "notebook");
    await synced(visitor);
    visitor.text.insert(visitor.text.length, `visit ${visit} `);
    await pause(20);
    await disconnected(visitor);
    await pause(1_500);
  }
  sleeper.provider.connect();
  await synced(sleeper);
  const fresh = clients.connect(server.wsUrl, "notebook");
  await synced(fresh);
  await converged([sleeper, fresh]);
  for (const part of ["before ", "asleep ", "visit 0 ", "visit 1 "]) {
    expect(fresh.text.toString()).toContain(part);
  }
});

// yjs/y-websocket#24: after a restart of the server, its clients disconnected and reconnected every 30 s.
test("a client that found the server down stays on one connection afterwards", async () => {
  await using folder = await ownFolder();
  const first = await startTestServer({ dataFolder: folder.path });
  await first.stop();
  await using clients = new TestClients();
  const client = clients.connect(first.wsUrl, "calm");
  let connections = 0;
  client.provider.on("status", ({ status }) => {
    if (status === "connected") connections += 1;
  });
  await pause(500);
  await using _second = await startTestServer({ dataFolder: folder.path, port: first.port });
  await synced(client);
  const socket = client.provider.ws;
  await pause(33_000);
  expect([connections, client.provider.ws === socket, client.provider.wsconnected]).toEqual([1, true, true]);
}, 60_000);

async function ownFolder() {
  const path = await temporaryFolder();
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
