import { expect, test } from "bun:test";
import { startApiServer } from "../support/api/api-server.ts";
import { updateOf } from "../support/api/documents.ts";
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
