import { expect, test } from "bun:test";
import { Awareness, applyAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { startApiServer } from "../support/api/api-server.ts";
import { updateOf } from "../support/api/documents.ts";
import { EventReader } from "../support/api/event-reader.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { eventually } from "../support/eventually.ts";

test("the awareness of the clients in a document is read as they have set it, also before anything is written", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  expect((await api.ask("GET", "/v1/docs/doc/awareness")).body["code"]).toBe("not-found");
  const client = clients.connect(api.server.wsUrl, "doc");
  await synced(client);
  client.provider.awareness.setLocalStateField("user", { name: "Ann" });
  await eventually("presence", async () => {
    const { body } = await api.ask("GET", "/v1/docs/doc/awareness");
    return JSON.stringify(body["items"])?.includes("Ann") === true;
  });
  const { body } = await api.ask("GET", "/v1/docs/doc/awareness");
  expect(body["items"]).toEqual([
    { clientId: client.doc.clientID, clock: expect.any(Number), state: { user: { name: "Ann" } } },
  ]);
  await api.ask("POST", "/v1/docs/quiet/update", { body: updateOf("x") });
  expect((await api.ask("GET", "/v1/docs/quiet/awareness")).body).toEqual({ items: [] });
});

test("the clients of one user are disconnected with a code on which they return", async () => {
  await using api = await startApiServer({ mode: "token" });
  const enter = async (user: string) => {
    const token = await api.token({ doc: "write" }, user);
    const socket = new WebSocket(`${api.server.wsUrl}/sync/doc?token=${token}`);
    const { promise: closed, resolve } = Promise.withResolvers<number>();
    socket.addEventListener("close", ({ code }) => resolve(code));
    await new Promise((entered) => socket.addEventListener("message", entered, { once: true }));
    return { socket, closed };
  };
  const disconnect = (body?: unknown) =>
    api.ask("POST", "/v1/docs/doc/disconnect", { token: api.keys["docs:admin"], body });
  const ann = await enter("ann");
  const ben = await enter("ben");
  expect((await disconnect({ user: "cem" })).body).toEqual({ disconnected: 0 });
  expect((await disconnect({ user: "ann" })).body).toEqual({ disconnected: 1 });
  expect(await ann.closed).toBe(4501);
  expect(ben.socket.readyState).toBe(WebSocket.OPEN);
  expect((await disconnect()).body).toEqual({ disconnected: 1 });
  expect(await ben.closed).toBe(4501);
  expect((await disconnect({ users: ["ann"] })).status).toBe(400);
});

/** The awareness states that a stream has sent last, by client id. */
async function statesFrom(reader: EventReader): Promise<Awareness> {
  const awareness = new Awareness(new Y.Doc());
  awareness.setLocalState(null);
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const read = async () => {
    for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
      if (event.event !== "awareness") continue;
      applyAwarenessUpdate(awareness, Uint8Array.fromBase64(String(event.data["update"])), undefined);
      resolve();
    }
  };
  // The test ends the stream.
  void read().catch(() => {});
  await first;
  return awareness;
}

test("a client without a WebSocket is shown to the others, and ends after a time, or when it says so", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  const { doc, provider } = clients.connect(api.server.wsUrl, "doc");
  provider.awareness.setLocalStateField("user", { name: "Ann" });
  const show = (body: unknown) => api.ask("POST", "/v1/docs/doc/awareness", { body });
  const shown = await show({ state: { user: { name: "Agent" } } });
  expect(shown.body).toEqual({ clientId: expect.any(Number), clock: 1, endsAt: expect.any(String) });
  const inMs = Date.parse(String(shown.body["endsAt"])) - Date.now();
  expect([inMs > 20_000, inMs <= 30_000]).toEqual([true, true]);
  const { clientId } = shown.body;
  const agent = () => provider.awareness.getStates().get(Number(clientId));
  await eventually("shown", () => agent()?.["user"]?.name === "Agent");
  expect((await show({ clientId, state: { user: { name: "Renamed" } } })).body).toMatchObject({ clientId, clock: 2 });
  await eventually("renamed", () => agent()?.["user"]?.name === "Renamed");
  const { body } = await api.ask("GET", "/v1/docs/doc/awareness");
  expect(body["items"]).toContainEqual({
    clientId: doc.clientID,
    clock: expect.any(Number),
    state: { user: { name: "Ann" } },
  });
  await show({ clientId, state: null });
  await eventually("gone", () => agent() === undefined);
});

test("an event stream sends awareness, and keeps the state of its client as long as it is open", async () => {
  await using api = await startApiServer();
  await using clients = new TestClients();
  const { doc, provider } = clients.connect(api.server.wsUrl, "doc");
  provider.awareness.setLocalStateField("user", { name: "Ann" });
  const reader = await EventReader.open(`${api.server.url}/v1/docs/doc/events?awareness=1`);
  const stream = String((await reader.next())?.data["stream"]);
  const show = (body: unknown) => api.ask("POST", "/v1/docs/doc/awareness", { body });
  const shown = await show({ stream, clientId: 7, clock: 1, state: { user: { name: "Ben" } } });
  expect(shown.body).toEqual({ clientId: 7, clock: 1, endsAt: null });
  const awareness = await statesFrom(reader);
  await eventually("Ann", () => awareness.getStates().get(doc.clientID)?.["user"]?.name === "Ann");
  await eventually("Ben", () => provider.awareness.getStates().get(7)?.["user"]?.name === "Ben");
  await reader[Symbol.asyncDispose]();
  await eventually("gone", () => !provider.awareness.getStates().has(7));
  expect((await show({ stream, clientId: 7, state: {} })).body).toMatchObject({ code: "invalid-request", status: 400 });
});

test("readers show no presence where the server says so", async () => {
  await using api = await startApiServer({ mode: "token", readersShowPresence: false });
  const show = (token: string) => api.ask("POST", "/v1/docs/doc/awareness", { token, body: { state: {} } });
  expect((await show(await api.token({ doc: "read" }))).body["code"]).toBe("read-only");
  expect((await show(await api.token({ doc: "write" }))).status).toBe(200);
  expect((await show(api.keys["docs:write"])).status).toBe(200);
});

test("presence is bounded: large states, deep states, and clients of one caller", async () => {
  const limits = { awarenessStateLength: 100, apiGuestsPerCaller: 1, apiGuests: 2, awarenessClients: 2 };
  await using api = await startApiServer({ limits });
  const show = (state: unknown, token?: string, clientId?: number) =>
    api.ask("POST", "/v1/docs/doc/awareness", { token, body: { state, clientId } });
  const key = api.keys["docs:write"];
  expect((await show({ text: "x".repeat(100) })).body).toMatchObject({ code: "body-too-large", status: 413 });
  const deep = JSON.parse(`${'{"a":'.repeat(600)}1${"}".repeat(600)}`);
  expect((await show(deep)).body).toMatchObject({ code: "invalid-request", errors: [{ pointer: "/state" }] });
  expect((await show({}, key, 1)).status).toBe(200);
  expect((await show({}, key, 1)).status).toBe(200);
  expect((await show({}, key, 2)).body).toMatchObject({ code: "rate-limited", status: 429 });
  expect((await show({}, undefined, 3)).status).toBe(200);
  expect((await show({}, undefined, 4)).body).toMatchObject({ code: "overloaded", status: 503 });
  expect((await show(null, key, 1)).status).toBe(200);
  expect((await show({}, key, 2)).status).toBe(200);
});

test("a document that is deleted has no presence", async () => {
  await using api = await startApiServer();
  await api.ask("POST", "/v1/docs/doc/update", { body: updateOf("x") });
  const show = () => api.ask("POST", "/v1/docs/doc/awareness", { body: { clientId: 1, state: {} } });
  await show();
  await api.ask("DELETE", "/v1/docs/doc", { token: api.keys["docs:admin"] });
  expect((await show()).body).toMatchObject({ code: "document-deleted", status: 404 });
  await api.ask("POST", "/v1/docs/doc/undelete", { token: api.keys["docs:admin"] });
  expect((await api.ask("GET", "/v1/docs/doc/awareness")).body).toEqual({ items: [] });
  expect((await show()).status).toBe(200);
});
