import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";
import { never, WebhookApplication } from "../../support/servers/webhook-application.ts";

/** A server whose webhook answers with the result of `answer` for each token and room. */
async function start(answer: (token: string | null, room: string) => object, webhookTimeoutMs = 3_000) {
  const application = new WebhookApplication(({ body }) => {
    const { token, room } = JSON.parse(body);
    return Response.json(answer(token, room));
  });
  const server = await startTestServer({
    auth: { mode: "webhook", secrets: [secret], webhook: { url: application.url, secrets: [] } },
    limits: { webhookTimeoutMs },
  });
  return {
    application,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await application[Symbol.asyncDispose]();
    },
  };
}

test("an application removes the permission to write, and gives it back, without a new connection", async () => {
  let access = "write";
  await using setup = await start((token) =>
    // The server renews an eighth of the lifetime before the expiry: half a second, enough on a busy machine.
    token === "ann" ? { access, user: "ann", expiresAt: Date.now() + 4_000 } : { access: "write" },
  );
  const { server } = setup;
  await using clients = new TestClients();
  const ann = clients.connectWith("ann", server.wsUrl, "doc");
  const bob = clients.connectWith("bob", server.wsUrl, "doc");
  await Promise.all([ann, bob].map(synced));
  const socket = ann.provider.ws;
  ann.text.insert(0, "1");
  await converged([ann, bob]);
  access = "read";
  await eventually("no more", async () => {
    ann.text.insert(0, "x");
    return ann.text.length > bob.text.length + 5;
  });
  bob.text.insert(0, "2");
  await eventually("still read", () => ann.text.toString().includes("2"));
  access = "write";
  // The server requests the updates that it refused meanwhile.
  await converged([ann, bob]);
  expect(ann.provider.ws).toBe(socket);
});

test("a session that the application no longer knows is closed for a newer one, with which the client returns", async () => {
  let current = "first";
  await using setup = await start(() => ({}));
  const { application, server } = setup;
  application.answer = ({ body }) =>
    JSON.parse(body).token === current
      ? Response.json({ access: "write", expiresAt: Date.now() + 2_000 })
      : new Response("log in again", { status: 401 });
  await using clients = new TestClients();
  const client = clients.connectWith("first", server.wsUrl, "doc");
  const codes: number[] = [];
  client.provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
  await synced(client);
  current = "second";
  client.provider.params["token"] = "second";
  await eventually("asked again, and closed", () => codes.length === 1);
  await eventually("back", () => client.provider.synced);
  current = "third";
  await eventually("closed for good", () => codes.length === 3);
  expect(codes).toEqual([4501, 4501, 4401]);
});

test("an application that does not answer lets no client in; clients that came meanwhile are in when it is back", async () => {
  await using setup = await start(() => ({ access: "write" }));
  const { application, server } = setup;
  const { answer } = application;
  application.answer = () => new Response("broken", { status: 500 });
  await using clients = new TestClients();
  const client = clients.connectWith("ann", server.wsUrl, "doc");
  const codes: number[] = [];
  client.provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
  await eventually("refused, twice", () => codes.length >= 2);
  expect([client.provider.synced, new Set(codes)]).toEqual([false, new Set([1013])]);
  application.answer = answer;
  await synced(client);
});

test("a user unknown to the application is refused with its message; a revoked user is asked for again", async () => {
  const known = new Set(["ann"]);
  await using setup = await start((token) =>
    token !== null && known.has(token) ? { access: "write", user: token } : { access: "none", reason: "unknown here" },
  );
  const { application, server } = setup;
  const bob = await RawClient.connect(`${server.wsUrl}/sync/doc?token=bob`);
  await eventually("closed", () => bob.closed !== undefined);
  expect([bob.closed?.code, bob.denials]).toEqual([4403, ["forbidden: unknown here"]]);
  await using clients = new TestClients();
  const ann = clients.connectWith("ann", server.wsUrl, "doc");
  await synced(ann);
  let closed = 0;
  ann.provider.on("closed", () => (closed += 1));
  expect(await revoke(server.url, { user: "ann" })).toMatchObject({ ended: 1 });
  await eventually("closed", () => closed === 1);
  // The application decides: it may accept the user again.
  const asked = application.received.length;
  ann.provider.connect();
  await eventually("in again", () => ann.provider.synced);
  expect(application.received.length).toBe(asked + 1);
});

test("a server that waits for its application stops at once", async () => {
  await using setup = await start(() => ({ access: "write" }), 30_000);
  const { application, server } = setup;
  application.answer = never;
  const clients = await Promise.all(
    Array.from({ length: 20 }, (_, index) => RawClient.connect(`${server.wsUrl}/sync/doc-${index}?token=ann`)),
  );
  await application.asked(20);
  const stoppedAt = performance.now();
  await server.stop();
  // The limit is shorter than the webhook's timeout.
  expect(performance.now() - stoppedAt).toBeLessThan(10_000);
  await eventually("all are closed", () => clients.every(({ closed }) => closed?.code === 1012));
});

test("the administration uses tokens, even where an application decides", async () => {
  await using setup = await start(() => ({ access: "none" }));
  const post = async (token: string) => {
    const { status } = await fetch(`${setup.server.url}/api/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ rooms: { r: "read" } }),
    });
    return status;
  };
  expect(await post(await tokenFor({}, { admin: true }))).toBe(201);
  expect(await post(await tokenFor({ "**": "write" }))).toBe(403);
});

describe("the first content of a document", () => {
  const content = contentOf("from the application");
  const textOf = async (url: string, document = "doc") => {
    const response = await fetch(`${url}/v1/docs/${document}/update`);
    const doc = new Y.Doc();
    if (response.ok) Y.applyUpdate(doc, await response.bytes());
    return doc.getText("text").toString();
  };

  test("is written once, however many clients open it at the same time, and is there when they are in", async () => {
    await using setup = await start(() => ({ access: "write", content: contentOf("from the application") }));
    await using clients = new TestClients();
    const all = Array.from({ length: 10 }, (_, index) => clients.connectWith(`${index}`, setup.server.wsUrl, "doc"));
    await Promise.all(all.map(synced));
    expect(all.map(({ text }) => text.toString())).toEqual(all.map(() => "from the application"));
    all[0]?.text.insert(0, "more ");
    await converged(all);
    expect(await textOf(setup.server.url)).toBe("more from the application");
  });

  test("is ignored by a document that has content, and by a mere question", async () => {
    await using setup = await start(() => ({ access: "write", content }));
    const { url, wsUrl } = setup.server;
    await fetch(`${url}/api/validate?room=asked&token=t`);
    expect((await fetch(`${url}/v1/docs/asked`)).status).toBe(404);
    await using clients = new TestClients();
    const first = clients.connectWith("first", wsUrl, "doc");
    await synced(first);
    first.text.delete(0, first.text.length);
    await eventually("deleted", async () => (await textOf(url)) === "");
    const second = clients.connectWith("second", wsUrl, "doc");
    await synced(second);
    expect(second.text.toString()).toBe("");
  });

  test("that is no update is left out, and the client enters", async () => {
    await using setup = await start(() => ({ access: "write", content: Buffer.from("a text").toString("base64") }));
    await using clients = new TestClients();
    const client = clients.connectWith("t", setup.server.wsUrl, "doc");
    await synced(client);
    expect(client.text.toString()).toBe("");
  });
});

function contentOf(text: string): string {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  return Buffer.from(Y.encodeStateAsUpdate(doc)).toString("base64");
}
