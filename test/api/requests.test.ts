import { expect, test } from "bun:test";
import { createConnection } from "node:net";
import { type ApiServer, startApiServer } from "../support/api/api-server.ts";
import { docsSnippetBytes } from "../support/api/docs-update.ts";
import { textIn, updateOf } from "../support/api/documents.ts";
import { eventually } from "../support/eventually.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { startTestServer, temporaryFolder } from "../support/servers/start-test-server.ts";

const update = (text: string) => ({ body: updateOf(text) });

async function statuses(count: number, ask: () => Promise<{ status: number; headers: Headers }>) {
  const answers = await Promise.all(Array.from({ length: count }, ask));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.every(({ headers }) => Number(headers.get("retry-after")) >= 1)).toBe(true);
  return { allowed: count - refused.length, refused: refused.length };
}

test("with open access, everyone writes the documents that they can name, and administers none", async () => {
  await using api = await startApiServer();
  expect((await api.ask("POST", "/v1/docs/doc/update", update("x"))).status).toBe(200);
  expect((await api.ask("GET", "/v1/docs")).status).toBe(200);
  for (const [method, path] of [
    ["DELETE", "/v1/docs/doc"],
    ["GET", "/v1/docs?deleted=1"],
  ] as const) {
    expect([401, 403]).toContain((await api.ask(method, path)).status);
  }
  const forwarded = { headers: { "x-forwarded-for": "192.0.2.1" } };
  expect((await api.ask("GET", "/v1/docs", forwarded)).status).toBe(401);
  expect((await api.ask("GET", "/v1/docs/doc", forwarded)).status).toBe(200);
  // The server would look at all documents for each image in a foreign page.
  const image = { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } };
  expect((await api.ask("GET", "/v1/docs?order=bytes", image)).status).toBe(401);
});

test("where a proxy is known, no program of this machine lists documents without a key", async () => {
  await using api = await startApiServer({ publicUrl: "https://docs.example" });
  expect((await api.ask("GET", "/v1/docs")).body["code"]).toBe("unauthorized");
  expect((await api.ask("GET", "/v1/docs", { token: api.keys["docs:read"] })).status).toBe(200);
});

test("a room token reads or writes its documents, and lists none", async () => {
  await using api = await startApiServer({ mode: "token" });
  const reader = await api.token({ "notes/*": "read" }, "ann");
  const writer = await api.token({ "notes/*": "write" }, "ben");
  const path = "/v1/docs/notes%2F1/update";
  expect((await api.ask("POST", path, { ...update("x"), token: writer })).status).toBe(200);
  expect((await api.ask("GET", path, { token: reader })).status).toBe(200);
  expect((await api.ask("POST", path, { ...update("y"), token: reader })).body["code"]).toBe("read-only");
  expect((await api.ask("DELETE", "/v1/docs/notes%2F1", { token: writer })).body["code"]).toBe("forbidden");
  expect((await api.ask("GET", "/v1/docs/other", { token: writer })).body["code"]).toBe("not-found");
  expect((await api.ask("GET", "/v1/docs", { token: writer })).body["code"]).toBe("forbidden");
  expect((await api.ask("GET", path)).body).toMatchObject({ code: "unauthorized", denial: "no-token" });
});

test("an administrator's token may do everything", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.adminToken();
  expect((await api.ask("POST", "/v1/docs/doc/update", { ...update("x"), token })).status).toBe(200);
  expect((await api.ask("GET", "/v1/docs", { token })).status).toBe(200);
  expect((await api.ask("DELETE", "/v1/docs/doc?purge=1", { token })).status).toBe(204);
});

test("a revoked key is refused at once", async () => {
  await using api = await startApiServer({ mode: "token" });
  const { text: token } = api.keysFile.create({ name: "short", scope: "docs:read", prefix: "" });
  expect((await api.ask("GET", "/v1/docs", { token })).status).toBe(200);
  api.keysFile.revoke("short");
  expect((await api.ask("GET", "/v1/docs", { token })).status).toBe(401);
});

test("the rate of a key and of an address are bounded, and a key does not count for its address", async () => {
  const limits = { apiKeyBurst: 5, apiKeyRequestsPerSecond: 1, apiBurst: 3, apiRequestsPerSecond: 1 };
  await using api = await startApiServer({ limits, proxies: ["127.0.0.1"] });
  const headers = { "x-forwarded-for": "192.0.2.1" };
  const ask = (token?: string) => api.ask("GET", "/v1/openapi.json", { headers, token });
  const list = (token?: string) => api.ask("GET", "/v1/docs", { headers, token });
  expect(await statuses(8, () => list(api.keys["docs:read"]))).toEqual({ allowed: 5, refused: 3 });
  expect(await statuses(8, () => list(api.keys["docs:write"]))).toEqual({ allowed: 5, refused: 3 });
  expect(await statuses(8, () => list("yk_unknown"))).toEqual({ allowed: 3, refused: 5 });
  expect((await ask()).status).toBe(200);
  // This machine is not bounded.
  const own = await Promise.all(Array.from({ length: 20 }, () => api.ask("GET", "/v1/docs/doc")));
  expect(own.every(({ status }) => status === 404)).toBe(true);
});

test("pages that may connect may read the answers and their headers", async () => {
  await using api = await startApiServer({ mode: "token", origins: ["https://app.example"] });
  const from = (origin: string) => ({ headers: { origin } });
  const answer = await api.ask("GET", "/v1/docs/doc", from("https://app.example"));
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
  expect(answer.headers.get("access-control-expose-headers")).toContain("ETag");
  const other = await api.ask("GET", "/v1/docs/doc", from("https://other.example"));
  expect(other.headers.get("access-control-allow-origin")).toBeNull();
  const preflight = await api.ask("OPTIONS", "/v1/docs/doc/update", {
    headers: {
      origin: "https://app.example",
      "access-control-request-method": "PUT",
      "access-control-request-headers": "authorization,content-type,if-match",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
  expect(preflight.headers.get("access-control-allow-headers")).toContain("if-match");
});

test("the bodies of all requests together are bounded", async () => {
  await using api = await startApiServer({ limits: { apiBodiesBytes: 1_000 } });
  const answer = await api.ask("POST", "/v1/docs/doc/update", update("x".repeat(2_000)));
  expect([answer.status, answer.body["code"]]).toEqual([503, "overloaded"]);
  expect((await api.ask("POST", "/v1/docs/doc/update", update("small"))).status).toBe(200);
});

test("the bodies of one caller are bounded, and leave memory to the others", async () => {
  await using api = await startApiServer({ limits: { apiBodiesBytesPerCaller: 1_000 } });
  const write = (token: string) => api.ask("POST", "/v1/docs/doc/update", { ...update("x".repeat(2_000)), token });
  const refused = await write(api.keys["docs:write"]);
  expect([refused.status, refused.body["code"], refused.headers.get("retry-after")]).toEqual([
    429,
    "rate-limited",
    "5",
  ]);
  const metrics = await (await fetch(`${api.server.url}/metrics`)).text();
  expect(metrics).toContain('yurt_bound_hits_total{bound="limits.api-bodies-bytes-per-caller"} 1');
  // Programs of this machine without a key have no share.
  expect((await api.ask("POST", "/v1/docs/doc/update", update("x".repeat(2_000)))).status).toBe(200);
});

test.each(["/v1/docs/%E0", "/v1/docs/a%", "/v1/docs/%zz/json", "/v1/docs/doc/text/%ED%A0%80", "/v1/webhooks/%C3"])(
  "a path that is not percent-encoded UTF-8 is refused: %s",
  async (path) => {
    await using api = await startApiServer();
    const answer = await api.ask("GET", path, { token: api.keys["docs:admin"] });
    expect([answer.status, answer.body["code"]]).toEqual([400, "invalid-request"]);
    expect(answer.body["errors"]).toMatchObject([{ pointer: "path" }]);
  },
);

test("a path without the name of a document is not that of another one", async () => {
  await using api = await startApiServer();
  await api.ask("POST", "/v1/docs/doc/update", update("x"));
  await api.ask("POST", "/v1/docs/json/update", update("x"));
  for (const path of ["/v1/docs//doc", "/v1/docs//json", "/v1//docs/doc", "/v1/docs/doc//json"]) {
    const answer = await api.ask("GET", path);
    expect([path, answer.status, answer.body["code"]]).toEqual([path, 404, "no-such-route"]);
  }
  for (const path of ["/v1/docs/doc/", "//v1/docs/doc", "/v1/docs/"])
    expect([path, (await api.ask("GET", path)).status]).toEqual([path, 200]);
  await api.ask("POST", "/v1/docs/%2Fdoc/update", update("slash"));
  expect((await api.ask("GET", "/v1/docs/%2Fdoc")).body["name"]).toBe("/doc");
  expect((await api.ask("GET", "/v1/docs/%252F")).status).toBe(404);
});

test("a document without space refuses an update", async () => {
  await using api = await startApiServer({ limits: { documentBytes: 5_000 } });
  const answer = await api.ask("POST", "/v1/docs/doc/update", update("x".repeat(10_000)));
  expect([answer.status, answer.body["code"]]).toEqual([413, "document-too-large"]);
});

test("a server that stops answers the writes that it has begun, and loses none that it has confirmed", async () => {
  const dataFolder = await temporaryFolder();
  const api = await startApiServer({ dataFolder });
  const names = Array.from({ length: 50 }, (_, index) => `d${index}`);
  const writes = names.map((name) => api.ask("POST", `/v1/docs/${name}/update`, update(name)));
  await Promise.race(writes);
  await api.server.stop();
  const answers = await Promise.allSettled(writes);
  const confirmed = names.filter((_, index) => {
    const answer = answers[index];
    return answer?.status === "fulfilled" && answer.value.status === 200;
  });
  expect(confirmed.length).toBeGreaterThan(0);
  await using again = await startTestServer({ dataFolder });
  for (const name of confirmed) {
    const response = await fetch(`${again.url}/v1/docs/${name}/update`);
    expect(textIn(await response.bytes())).toBe(name);
  }
});

test("a client that sends its body for ever does not keep the server from stopping", async () => {
  const api = await startApiServer();
  const socket = createConnection(api.server.port, "127.0.0.1");
  socket.on("error", () => {});
  const head = ["POST /v1/docs/doc/update HTTP/1.1", "Host: localhost", "Content-Type: application/octet-stream"];
  socket.write(`${head.join("\r\n")}\r\nContent-Length: 1000\r\n\r\n`);
  const trickle = setInterval(() => socket.write("x"), 10);
  await eventually("it has begun", () => socket.bytesWritten > 200);
  await api.server.stop();
  clearInterval(trickle);
  socket.destroy();
}, 20_000);

test("a client that disconnects is no failure of the server", async () => {
  const { events, log } = recordedLog();
  await using api = await startApiServer({ log });
  for (let count = 0; count < 20; count += 1) {
    const leaving = new AbortController();
    const url = `${api.server.url}/v1/docs/doc/update`;
    const headers = { "content-type": "application/octet-stream" };
    const asked = fetch(url, { method: "POST", headers, body: new Uint8Array(5_000_000), signal: leaving.signal });
    setTimeout(() => leaving.abort(), count);
    await asked.catch(() => {});
  }
  expect((await api.ask("GET", "/v1/docs/none")).status).toBe(404);
  expect(events.filter(({ level }) => level === "error")).toEqual([]);
});

test("refused keys and tokens are logged and counted, without the key", async () => {
  const { events, log } = recordedLog();
  await using api = await startApiServer({ mode: "token", log });
  await api.ask("GET", "/v1/docs", { token: "yk_guess" });
  await api.ask("GET", "/v1/docs", { token: await api.token({ doc: "read" }) });
  expect(events.filter(({ event }) => event === "access-denied")).toMatchObject([
    { kind: "api", code: "bad-signature" },
    { kind: "api", code: "not-admin" },
  ]);
  expect(JSON.stringify(events)).not.toContain("yk_guess");
});

test("the bytes of the documentation are an update", async () => {
  await using api = await startApiServer();
  expect(textIn(docsSnippetBytes())).toBe("hello");
  await writeTwice(api, docsSnippetBytes());
});

async function writeTwice(api: ApiServer, body: Uint8Array) {
  const answers = [
    await api.ask("POST", "/v1/docs/doc/update", { body }),
    await api.ask("POST", "/v1/docs/doc/update", { body }),
  ];
  expect(answers.map((answer) => answer.body["changed"])).toEqual([true, false]);
}
