import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { Webhook } from "standardwebhooks";
import { AddressRanges } from "../../src/lib/address/address-ranges.ts";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { storeDocument } from "../support/api/store-document.ts";
import { eventually } from "../support/eventually.ts";
import { startTestServer, temporaryFolder } from "../support/servers/start-test-server.ts";
import { WebhookApplication } from "../support/servers/webhook-application.ts";

let api: ApiServer;
let admin: string;

beforeAll(async () => {
  api = await startApiServer();
  admin = api.keys["docs:admin"];
});

afterAll(() => api[Symbol.asyncDispose]());

const path = (...segments: readonly unknown[]) => ["/v1/webhooks", ...segments].join("/");
const ask = (method: string, at: string, body?: unknown) => api.ask(method, at, { token: admin, body });
const fast = { debounceMs: 0, maxWaitMs: 0 };
const accepts = () => new Response(null, { status: 204 });

async function create(application: WebhookApplication, settings: Readonly<Record<string, unknown>> = {}) {
  const { body, status } = await ask("POST", path(), { url: application.url, ...fast, ...settings });
  expect(status).toBe(201);
  return { id: String(body["id"]), secret: String(body["secret"]) };
}

describe("a webhook", () => {
  test("is added, shown without its secret, changed and removed", async () => {
    await using application = new WebhookApplication(accepts);
    const url = application.url.href;
    const created = await ask("POST", path(), { url });
    const { secret, ...shown } = created.body;
    expect(created.headers.get("location")).toBe(path(shown["id"]));
    expect(secret).toMatch(/^whsec_/);
    expect(shown).toEqual({
      ...{ id: expect.stringMatching(/^wh_/), url, description: "", events: ["doc.updated"], documents: ["**"] },
      include: null,
      ...{ debounceMs: 2_000, maxWaitMs: 10_000, enabled: true, disabled: null, failingSince: null },
      createdAt: expect.stringMatching(/Z$/),
    });
    expect((await ask("GET", path(shown["id"]))).body).toEqual(shown);
    expect((await ask("GET", path())).body["items"]).toEqual([shown]);
    const change = { description: "search index", documents: ["notes/**"], enabled: false };
    const changed = await ask("PATCH", path(shown["id"]), change);
    expect(changed.body).toEqual({
      ...shown,
      ...change,
      disabled: { reason: "request", at: expect.stringMatching(/Z$/) },
    });
    expect((await ask("PATCH", path(shown["id"]), { enabled: true })).body["disabled"]).toBeNull();
    expect((await ask("DELETE", path(shown["id"]))).status).toBe(204);
    expect((await ask("GET", path(shown["id"]))).body["code"]).toBe("no-such-webhook");
  });

  test("is told of a document that a client has written to, signed", async () => {
    await using application = new WebhookApplication(accepts);
    const { id, secret } = await create(application, { events: ["doc.created", "doc.updated", "doc.deleted"] });
    await storeDocument(api.server, "notes/told", "text");
    await application.asked(2);
    expect((await ask("DELETE", "/v1/docs/notes%2Ftold")).status).toBe(204);
    await application.asked(3);
    const receiver = new Webhook(secret);
    const received = application.received.map(({ body, headers }) => receiver.verify(body, { ...headers }));
    expect(received).toMatchObject([
      { type: "doc.created", data: { document: "notes/told" } },
      { type: "doc.updated", data: { document: "notes/told", fromSequence: 0, sequence: expect.any(Number) } },
      { type: "doc.deleted", data: { document: "notes/told" } },
    ]);
    expect(application.received[0]).toMatchObject({
      method: "POST",
      headers: { "content-type": "application/json", host: application.url.host },
    });
    await ask("DELETE", path(id));
  });

  test("is told of the content of a document, as JSON or as text, until that is switched off", async () => {
    await using application = new WebhookApplication(accepts);
    const { id } = await create(application, { include: "json", documents: ["content/**"] });
    const put = (body: unknown) => ask("PUT", "/v1/docs/content%2Fa/json?as=auto", body);
    const contentOf = (index: number) => JSON.parse(application.received[index]?.body ?? "{}").data;
    const first = await put({ map: { key: 1 }, text: "words" });
    await application.asked(1);
    expect(contentOf(0)).toMatchObject({
      ...{ content: { map: { key: 1 }, text: "words" }, contentSequence: first.body["sequence"] },
    });
    expect((await ask("PATCH", path(id), { include: "text" })).body["include"]).toBe("text");
    await put({ text: "other words" });
    await application.asked(2);
    expect(contentOf(1).content).toEqual({ text: "other words" });
    expect((await ask("PATCH", path(id), { include: null })).body["include"]).toBeNull();
    await put({ text: "more" });
    await application.asked(3);
    expect(contentOf(2)).not.toHaveProperty("content");
    expect((await ask("PATCH", path(id), { include: "xml" })).body).toMatchObject({
      errors: [{ pointer: "/include" }],
    });
    await ask("DELETE", path(id));
  });

  test("is tested, and says why a test has failed", async () => {
    await using application = new WebhookApplication(accepts);
    const { id } = await create(application);
    const test = () => ask("POST", path(id, "test"));
    expect((await test()).body).toEqual({
      outcome: "delivered",
      status: 204,
      reason: null,
      durationMs: expect.any(Number),
    });
    expect(JSON.parse(application.received[0]?.body ?? "")).toMatchObject({ type: "ping", data: { webhook: id } });
    application.answer = () => new Response(null, { status: 302, headers: { location: "/elsewhere" } });
    expect((await test()).body).toMatchObject({ outcome: "failed", status: 302, reason: "redirect" });
    expect(application.received).toHaveLength(2);
    await ask("DELETE", path(id));
  });

  test("has its messages listed, and sent again", async () => {
    await using application = new WebhookApplication(accepts);
    const { id } = await create(application, { events: ["doc.created"] });
    await storeDocument(api.server, "again", "text");
    await application.asked(1);
    const items = async () => [(await ask("GET", path(id, "deliveries"))).body["items"]].flat().map(Object);
    await eventually("the message is delivered", async () => (await items())[0]?.state === "delivered");
    const [delivery] = await items();
    expect(delivery).toMatchObject({
      id: application.received[0]?.headers["webhook-id"] ?? "",
      ...{ type: "doc.created", document: "again", failures: 0, nextAttemptAt: null },
      lastAttempt: { outcome: "delivered", status: 204 },
    });
    expect((await ask("POST", path(id, "deliveries", delivery.id, "redeliver"))).status).toBe(202);
    await application.asked(2);
    const [first, second] = application.received;
    expect(second?.body).toBe(first?.body ?? "");
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"] ?? "");
    await ask("DELETE", path(id));
  });

  test("has a new secret beside the former one", async () => {
    await using application = new WebhookApplication(accepts);
    const { id, secret: former } = await create(application);
    const { body } = await ask("POST", path(id, "rotate-secret"), { overlapSeconds: 60 });
    await ask("POST", path(id, "test"));
    const [ping] = application.received;
    for (const secret of [former, String(body["secret"])]) {
      expect(new Webhook(secret).verify(ping?.body ?? "", { ...ping?.headers })).toMatchObject({ type: "ping" });
    }
    await ask("POST", path(id, "rotate-secret"), { overlapSeconds: 0 });
    await ask("POST", path(id, "test"));
    const last = application.received[1];
    expect(() => new Webhook(former).verify(last?.body ?? "", { ...last?.headers })).toThrow();
    await ask("DELETE", path(id));
  });
});

describe("the answer to a request that is wrong", () => {
  const url = "https://app.example.com/hook";
  const unknown = path("wh_unknown");

  test.each([
    ["POST", path(), {}, 400, "/url"],
    ["POST", path(), { url: "app.example.com" }, 400, "/url"],
    ["POST", path(), { url: "https://user:secret@app.example.com" }, 400, "/url"],
    ["POST", path(), { url: 7 }, 400, "/url"],
    ["POST", path(), { url, events: ["doc.changed"] }, 400, "/events/0"],
    ["POST", path(), { url, events: [] }, 400, "/events"],
    ["POST", path(), { url, documents: [""] }, 400, "/documents/0"],
    ["POST", path(), { url, debounceMs: -1 }, 400, "/debounceMs"],
    ["POST", path(), { url, debounceMs: 5_000, maxWaitMs: 1_000 }, 400, "/maxWaitMs"],
    ["POST", path(), { url, secret: "mine" }, 400, "/secret"],
    ["POST", path(), { url: "http://127.0.0.1.example.com@10.0.0.1/" }, 400, "/url"],
    ["POST", path(), { url: "https://10.0.0.1/" }, 422, "/url"],
    ["POST", path(), { url: "https://169.254.169.254/latest/meta-data" }, 422, "/url"],
    ["POST", path(), { url: "http://1.1.1.1/" }, 422, "/url"],
    ["POST", path(), "{", 400, undefined],
    ["PATCH", unknown, {}, 404, undefined],
    ["DELETE", unknown, undefined, 404, undefined],
    ["GET", `${unknown}/deliveries`, undefined, 404, undefined],
    ["POST", `${unknown}/test`, undefined, 404, undefined],
    ["POST", `${unknown}/rotate-secret`, undefined, 404, undefined],
    ["POST", `${unknown}/deliveries/msg_1/redeliver`, undefined, 404, undefined],
    ["PUT", path(), { url }, 405, undefined],
  ] as const)("%s %s with %p is %i", async (method, at, body, status, pointer) => {
    const answer = await ask(method, at, body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const errors = [answer.body["errors"] ?? []].flat().map((error) => Object(error).pointer);
    if (pointer !== undefined) expect(errors).toContain(pointer);
  });

  test("tells that there is no such message", async () => {
    await using application = new WebhookApplication(accepts);
    const { id } = await create(application);
    const { body, status } = await ask("POST", path(id, "deliveries", "msg_1", "redeliver"));
    expect([status, body["code"]]).toEqual([404, "no-such-message"]);
    await ask("DELETE", path(id));
  });

  test("tells that there are as many webhooks as there may be", async () => {
    await using small = await startApiServer({ limits: { changeWebhooks: 1 } });
    const add = () =>
      small.ask("POST", path(), { token: small.keys["docs:admin"], body: { url: "http://127.0.0.1/" } });
    expect((await add()).status).toBe(201);
    const { body, status } = await add();
    expect([status, body["code"]]).toEqual([409, "too-many-webhooks"]);
  });
});

test("only administrators, and keys for all documents with the scope docs:admin, manage webhooks", async () => {
  await using secured = await startApiServer({ mode: "token" });
  const { text: narrow } = secured.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "notes/" });
  const statusWith = async (token: string | undefined) => (await secured.ask("GET", path(), { token })).status;
  expect(await statusWith(secured.keys["docs:admin"])).toBe(200);
  expect(await statusWith(await secured.adminToken())).toBe(200);
  for (const token of [secured.keys["docs:write"], narrow, await secured.token({ "**": "write" })]) {
    expect(await statusWith(token)).toBe(403);
  }
  expect(await statusWith(undefined)).toBe(401);
});

test("a private address is called only if it is allowed", async () => {
  await using strict = await startApiServer({ webhooks: { allowedAddresses: new AddressRanges([]) } });
  await using application = new WebhookApplication(accepts);
  const { body, status } = await strict.ask("POST", path(), {
    token: strict.keys["docs:admin"],
    body: { url: application.url },
  });
  expect([status, body["code"]]).toEqual([422, "url-not-allowed"]);
});

test("what was not delivered before the server stopped is delivered after its next start", async () => {
  const dataFolder = await temporaryFolder();
  await using application = new WebhookApplication(() => new Response(null, { status: 503 }));
  {
    await using first = await startApiServer({ dataFolder });
    const { status } = await first.ask("POST", path(), {
      token: first.keys["docs:admin"],
      body: { url: application.url, events: ["doc.updated", "room.closed"], ...fast },
    });
    expect(status).toBe(201);
    await storeDocument(first.server, "later", "text");
    await application.asked(1);
  }
  const [refused] = application.received;
  application.answer = accepts;
  application.received.length = 0;
  await using second = await startTestServer({ dataFolder });
  await application.asked(2);
  expect(application.received.map(({ body }) => JSON.parse(body).type)).toEqual(["doc.updated", "room.closed"]);
  expect(application.received[0]?.body).toBe(refused?.body ?? "");
  await second.stop();
  await rm(dataFolder, { recursive: true, force: true });
});
