import { expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { YurtClient } from "../../../src/client/client.ts";
import { YurtError } from "../../../src/client/errors.ts";
import { createLog } from "../../../src/ops/log.ts";
import { lockFile } from "../../../src/storage/file-lock.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { updateOf } from "../../support/api/documents.ts";
import { eventually } from "../../support/eventually.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

async function setUp(options: Parameters<typeof startApiServer>[0] = {}) {
  const api = await startApiServer({ mode: "token", ...options });
  const { apiKeys } = new YurtClient({ url: api.server.url, token: await api.adminToken(), retries: 0 }).server;
  return { api, apiKeys };
}

/** Resolves with the error of a request that fails. */
async function failure(request: Promise<unknown>): Promise<YurtError> {
  const error = await request.catch((reason: unknown) => reason);
  if (!(error instanceof YurtError)) throw new Error(`expected a YurtError, not ${error}`);
  return error;
}

test("a key is shown once, is accepted within its scope and prefix, and is refused when it is revoked", async () => {
  const { api, apiKeys } = await setUp();
  await using _ = api;
  const created = await apiKeys.create({ name: "robot", scope: "docs:read", prefix: "notes/" });
  expect(created).toEqual({
    id: expect.stringMatching(/^[\w-]{8}$/),
    name: "robot",
    scope: "docs:read",
    prefix: "notes/",
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    key: expect.stringMatching(/^yk_[\w-]{43}$/),
  });
  const { key, ...facts } = created;
  const status = async (method: string, path: string) => (await api.ask(method, path, { token: key })).status;
  expect(await status("GET", "/v1/docs?prefix=notes/")).toBe(200);
  expect(await status("DELETE", "/v1/docs/notes%2F1")).toBe(403);
  expect(await status("GET", "/v1/docs/other")).toBe(404);
  const listed = await apiKeys.list();
  expect(listed.at(-1)).toEqual(facts);
  expect(JSON.stringify(listed)).not.toContain(key.slice(3));
  expect(readFileSync(join(api.server.dataFolder, "api-keys.json"), "utf8")).not.toContain(key.slice(3));
  await apiKeys.revoke("robot");
  expect(await status("GET", "/v1/docs?prefix=notes/")).toBe(401);
  expect(await failure(apiKeys.revoke("robot"))).toMatchObject({ status: 404, code: "no-such-api-key" });
});

test("keys that are made by a command and by a request are the same keys", async () => {
  const { api, apiKeys } = await setUp();
  await using _ = api;
  const { text } = api.keysFile.create({ name: "by a command", scope: "docs:write", prefix: "" });
  expect(await failure(apiKeys.create({ name: "by a command", scope: "docs:read" }))).toMatchObject({
    status: 409,
    code: "api-key-exists",
  });
  await apiKeys.revoke("by a command");
  expect((await api.ask("GET", "/v1/docs", { token: text })).status).toBe(401);
  const { id, key } = await apiKeys.create({ name: "by/a request", scope: "docs:write" });
  expect(api.keysFile.find(key)).toMatchObject({ id, name: "by/a request", prefix: "" });
  api.keysFile.revoke("by/a request");
  expect((await apiKeys.list()).map(({ name }) => name)).not.toContain("by/a request");
});

test("a key is revoked by its id as well, also one whose name would lead a request elsewhere", async () => {
  const { api, apiKeys } = await setUp();
  await using _ = api;
  const { id, key } = await apiKeys.create({ name: "..", scope: "docs:read" });
  await apiKeys.revoke(id);
  expect((await api.ask("GET", "/v1/docs", { token: key })).status).toBe(401);
});

test("an API key neither lists, nor makes, nor revokes keys", async () => {
  const { api } = await setUp();
  await using _ = api;
  const token = api.keys["docs:admin"];
  const body = { name: "another", scope: "docs:admin" };
  for (const [method, path] of [
    ["GET", ""],
    ["POST", ""],
    ["DELETE", "/test%20docs:read"],
  ] as const) {
    const answer = await api.ask(method, `/v1/api-keys${path}`, { token, ...(method === "POST" && { body }) });
    expect([answer.status, answer.body["code"]]).toEqual([403, "forbidden"]);
  }
  expect(api.keysFile.list()).toHaveLength(3);
});

test.each([
  [{ name: "", scope: "docs:read" }, "/name"],
  [{ name: "x".repeat(101), scope: "docs:read" }, "/name"],
  [{ name: "a\nb", scope: "docs:read" }, "/name"],
  [{ name: "a\ud800", scope: "docs:read" }, "/name"],
  [{ name: "a", scope: "all" }, "/scope"],
  [{ name: "a" }, "/scope"],
  [{ name: "a", scope: "docs:read", prefix: "é".repeat(513) }, "/prefix"],
  [{ name: "a", scope: "docs:read", prefix: "a\u0000" }, "/prefix"],
])("%j is no order for a key", async (order, pointer) => {
  const { api } = await setUp();
  await using _ = api;
  const answer = await api.ask("POST", "/v1/api-keys", { token: await api.adminToken(), body: JSON.stringify(order) });
  expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
  expect(answer.body["errors"]).toMatchObject([{ pointer }]);
});

test("a command that holds the keys for long does not hold the server: the request is answered with 503", async () => {
  const { api, apiKeys } = await setUp();
  await using _ = api;
  const unlock = lockFile(join(api.server.dataFolder, "api-keys.lock"), 0);
  const error = await failure(apiKeys.create({ name: "robot", scope: "docs:read" }));
  unlock();
  expect(error).toMatchObject({ status: 503, code: "storage-unavailable" });
  expect((await apiKeys.create({ name: "robot", scope: "docs:read" })).name).toBe("robot");
});

test("while the data folder is deleted no key is created in another one, and the documents are written out", async () => {
  using workshop = new Workshop();
  const dataFolder = workshop.file("data");
  const { api, apiKeys } = await setUp({ dataFolder });
  await api.ask("POST", "/v1/docs/plan/update", { token: await api.adminToken(), body: updateOf("text") });
  rmSync(dataFolder, { recursive: true });
  // The server looks after its folder once a second: it may have written everything out before the request comes.
  const early = await apiKeys.create({ name: "early", scope: "docs:read" }).catch(({ code }) => code);
  if (typeof early === "string") expect(early).toBe("storage-unavailable");
  await eventually("the documents", () => existsSync(join(dataFolder, "yurt.db")));
  expect((await apiKeys.create({ name: "robot", scope: "docs:read" })).name).toBe("robot");
  await api.server.stop();
  const restarted = await setUp({ dataFolder });
  await using _ = restarted.api;
  const read = await restarted.api.ask("GET", "/v1/docs/plan", { token: await restarted.api.adminToken() });
  expect(read.status).toBe(200);
});

test("the log has who may do what from when on, and no key", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void lines.push(line) } });
  const { api, apiKeys } = await setUp({ log });
  await using _ = api;
  const { key } = await apiKeys.create({ name: "robot", scope: "docs:write", prefix: "notes/" });
  await apiKeys.revoke("robot");
  const events = lines.map((line) => JSON.parse(line)).filter(({ event }) => event.startsWith("api-key"));
  expect(events).toMatchObject([
    { event: "api-key-created", name: "robot", scope: "docs:write", prefix: "notes/" },
    { event: "api-key-revoked", name: "robot" },
  ]);
  expect(lines.join("")).not.toContain(key);
});
