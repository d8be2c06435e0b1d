import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { originPolicyOf } from "../../src/transport/admission/origin-policy.ts";
import { createHttp } from "../../src/transport/http.ts";
import type { HttpEnvironment, Protocol } from "../../src/transport/protocol.ts";

const fault = new Error("a fault of ours");
const protocol: Protocol = {
  name: "test",
  frameBytes: 1,
  frameBytesOption: "limits.test-frame-bytes",
  match: () => false,
  routes: new Hono()
    .use("/probe/*", (_, next) => next())
    .get("/probe", (context) => context.text("okay"))
    .post("/probe/form", bodyLimit({ maxSize: 10 }), (context) => context.text("taken"))
    .get("/probe/broken", () => {
      throw fault;
    }),
  compatibility: { match: () => true, routes: new Hono().get("/", (context) => context.text("for old clients")) },
  open: () => {
    throw new Error("not over HTTP");
  },
};

function serve(isReady = true, isForCompatibility = false, originPolicy = originPolicyOf("0.0.0.0", [])) {
  return createHttp({
    protocols: [protocol],
    originPolicy,
    isForCompatibility,
    whyNotReady: () => (isReady ? [] : ["the server stops", "the disk is full"]),
    readinessDetail: () => ({ backup: { lastSuccessAt: null } }),
    assets: async ({ url }) => (url.endsWith("/page") ? new Response("the page") : undefined),
    routes: [new Hono<HttpEnvironment>().get("/own", (context) => context.text("the server's own"))],
  });
}

describe("HTTP", () => {
  test("a path without a route is a page, if there is one", async () => {
    expect(await (await serve().request("/page")).text()).toBe("the page");
  });

  test("routes that belong to no protocol are answered", async () => {
    expect(await (await serve().request("/own")).text()).toBe("the server's own");
  });

  test("GET /healthz answers as long as the process runs", async () => {
    const response = await serve(false).request("/healthz");
    expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
  });

  test.each([
    [true, 200, "ready\n"],
    [false, 503, "not ready: the server stops; the disk is full\n"],
  ])("GET /readyz when ready is %p answers %i", async (isReady, status, body) => {
    const response = await serve(isReady).request("/readyz");
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test.each([
    [true, 200, {}],
    [false, 503, { reasons: ["the server stops", "the disk is full"] }],
  ])("GET /readyz?verbose when ready is %p answers %i, with facts that do not decide", async (ready, status, why) => {
    const response = await serve(ready).request("/readyz?verbose");
    const facts = { ready, ...why, backup: { lastSuccessAt: null } };
    expect([response.status, await response.json()]).toEqual([status, facts]);
  });

  test("an internal error is thrown for the log, and an error of the client is answered", async () => {
    await expect(Promise.resolve(serve().request("/probe/broken"))).rejects.toBe(fault);
    const { status } = await serve().request("/probe/form", { method: "POST", body: "longer than that" });
    expect(status).toBe(413);
  });

  test("a protocol brings its own routes", async () => {
    expect(await (await serve().request("/probe")).text()).toBe("okay");
  });

  test.each(["/own", "/healthz", "/readyz", "/probe"])(
    "HEAD %s is answered without a body, POST with 405",
    async (path) => {
      const head = await serve().request(path, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      const post = await serve().request(path, { method: "POST" });
      expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    },
  );

  test("other methods are refused with a list of the existing ones, and middleware is not a method", async () => {
    const get = await serve().request("/probe/form");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await serve().request("/probe/form", { method: "POST" })).status).toBe(200);
    expect((await serve().request("/probe/nothing")).status).toBe(404);
  });

  test("on the compatibility ports their own routes come first, and all others follow", async () => {
    expect((await serve().request("/")).status).toBe(404);
    const compatible = serve(true, true);
    expect(await (await compatible.request("/")).text()).toBe("for old clients");
    expect(await (await compatible.request("/probe")).text()).toBe("okay");
  });

  test("anything else is not found", async () => {
    expect((await serve().request("/nothing")).status).toBe(404);
  });
});

describe("the pages that may read the answers of a protocol", () => {
  const app = "https://app.example";
  const readerOf = async (
    http: ReturnType<typeof serve>,
    path: string,
    init: RequestInit & { readonly origin: string },
  ) => {
    const { status, headers } = await http.request(path, { ...init, headers: { origin: init.origin } });
    return [status, headers.get("access-control-allow-origin"), headers.get("vary")];
  };

  test("are all pages, without a list of origins; a reload may bring one", async () => {
    expect(await readerOf(serve(), "/probe", { origin: app })).toEqual([200, "*", "Origin"]);
    expect(await readerOf(serve(), "/probe/form", { origin: app, method: "OPTIONS" })).toEqual([204, "*", "Origin"]);
    expect(await readerOf(serve(), "/probe/form", { origin: app })).toEqual([405, "*", "Origin"]);
  });

  test.each([
    ["0.0.0.0", app, app],
    ["0.0.0.0", "https://evil.example", null],
    ["0.0.0.0", "http://localhost:5173", null],
    ["127.0.0.1", app, app],
    ["127.0.0.1", "http://localhost:5173", "http://localhost:5173"],
    ["127.0.0.1", "https://evil.example", null],
  ])("are the listed ones, on %s %s as %p", async (host, origin, reader) => {
    const originPolicy = originPolicyOf(host, [app]);
    expect(await readerOf(serve(true, false, originPolicy), "/probe", { origin })).toEqual([200, reader, "Origin"]);
    const compatible = serve(true, true, originPolicy);
    expect(await readerOf(compatible, "/", { origin })).toEqual([200, reader, "Origin"]);
    expect(await readerOf(compatible, "/probe/form", { origin, method: "POST" })).toEqual([200, reader, "Origin"]);
    expect(await readerOf(compatible, "/probe/form", { origin, method: "OPTIONS" })).toEqual([204, reader, "Origin"]);
  });

  test("of the server itself are its own", async () => {
    for (const path of ["/healthz", "/readyz", "/own", "/page"]) {
      expect(await readerOf(serve(), path, { origin: app })).toEqual([200, null, null]);
    }
  });
});
