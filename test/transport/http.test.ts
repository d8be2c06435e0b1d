import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { createHttp } from "../../src/transport/http.ts";
import type { Protocol } from "../../src/transport/protocol.ts";

const protocol: Protocol = {
  name: "test",
  frameBytes: 1,
  match: () => false,
  routes: new Hono()
    .use("/probe/*", (_, next) => next())
    .get("/probe", (context) => context.text("okay"))
    .post("/probe/form", (context) => context.text("taken")),
  compatibility: { match: () => true, routes: new Hono().get("/", (context) => context.text("for old clients")) },
  open: () => {
    throw new Error("not over HTTP");
  },
};

function serve(isReady = true, isForCompatibility = false) {
  return createHttp({
    protocols: [protocol],
    isForCompatibility,
    isReady: () => isReady,
    assets: async ({ url }) => (url.endsWith("/page") ? new Response("the page") : undefined),
    demo: { version: "1.2.3", sync: false, isProtected: true },
  });
}

describe("HTTP", () => {
  test("what no route answers is a page, if there is one", async () => {
    expect(await (await serve().request("/page")).text()).toBe("the page");
  });

  test("the demo learns which server this is, anew each time", async () => {
    const response = await serve().request("/demo/config.json");
    expect(await response.json()).toEqual({ version: "1.2.3", sync: false, isProtected: true });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("GET /healthz answers as long as the process lives", async () => {
    const response = await serve(false).request("/healthz");
    expect([response.status, await response.text()]).toEqual([200, "ok\n"]);
  });

  test.each([
    [true, 200, "ready\n"],
    [false, 503, "not ready\n"],
  ])("GET /readyz when ready is %p answers %i", async (isReady, status, body) => {
    const response = await serve(isReady).request("/readyz");
    expect([response.status, await response.text()]).toEqual([status, body]);
  });

  test("a protocol brings its own routes", async () => {
    expect(await (await serve().request("/probe")).text()).toBe("okay");
  });

  test.each(["/demo/config.json", "/healthz", "/readyz", "/probe"])(
    "HEAD %s is answered without a body, POST with 405",
    async (path) => {
      const head = await serve().request(path, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
      const post = await serve().request(path, { method: "POST" });
      expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    },
  );

  test("other methods are refused with those that there are, and middleware is no method", async () => {
    const get = await serve().request("/probe/form");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await serve().request("/probe/form", { method: "POST" })).status).toBe(200);
    expect((await serve().request("/probe/nothing")).status).toBe(404);
  });

  test("on the compatibility ports the routes for them come first, and all others are there", async () => {
    expect((await serve().request("/")).status).toBe(404);
    const compatible = serve(true, true);
    expect(await (await compatible.request("/")).text()).toBe("for old clients");
    expect(await (await compatible.request("/probe")).text()).toBe("okay");
  });

  test("anything else is not found", async () => {
    expect((await serve().request("/nothing")).status).toBe(404);
  });
});
