import { expect, test } from "bun:test";
import { createLog } from "../../../src/ops/log.ts";
import { startApiServer } from "../../support/api/api-server.ts";

test("the code of a link is exchanged once for an administrator's token, and is in no line of the log", async () => {
  const lines: string[] = [];
  const log = createLog({ level: "trace", pretty: false, destination: { write: (line) => void lines.push(line) } });
  await using api = await startApiServer({ mode: "token", log });
  const made = await api.ask("POST", "/v1/admin/links", { token: await api.adminToken() });
  const code = String(made.body["code"]);
  expect(made.status).toBe(201);
  expect(made.headers.get("cache-control")).toBe("no-store");
  expect(made.body["url"]).toBe(`${api.server.url}/admin#code=${code}`);
  const exchange = () => api.ask("POST", "/v1/admin/session", { body: { code } });
  const first = await exchange();
  expect(first.status).toBe(201);
  const lifetimeMs = Date.parse(String(first.body["expiresAt"])) - Date.now();
  expect(lifetimeMs).toBeGreaterThan(3_590_000);
  expect(lifetimeMs).toBeLessThanOrEqual(3_600_000);
  const token = String(first.body["token"]);
  expect((await api.ask("GET", "/v1/docs?deleted=1", { token })).status).toBe(200);
  const second = await exchange();
  expect([second.status, second.body["code"], second.body["denial"]]).toEqual([401, "unauthorized", "expired"]);
  expect(lines.join("")).not.toContain(code);
});

test("an API key makes no link, since the token would outlive the key", async () => {
  await using api = await startApiServer({ mode: "token" });
  const { body, status } = await api.ask("POST", "/v1/admin/links", { token: api.keys["docs:admin"] });
  expect([status, body["code"]]).toEqual([403, "forbidden"]);
});

test("a link leads to the public URL, and its token lives no longer than tokens may", async () => {
  const publicUrl = "https://yurt.example.com/base";
  await using api = await startApiServer({ mode: "token", publicUrl, limits: { tokenMs: 60_000 } });
  const { body } = await api.ask("POST", "/v1/admin/links", { token: await api.adminToken() });
  expect(body["url"]).toBe(`${publicUrl}/admin#code=${body["code"]}`);
  const session = await api.ask("POST", "/v1/admin/session", { body: { code: body["code"] } });
  expect(Date.parse(String(session.body["expiresAt"]))).toBeLessThanOrEqual(Date.now() + 60_000);
});
