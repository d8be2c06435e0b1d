import { describe, expect, test } from "bun:test";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer, type TestServerOptions } from "../support/servers/start-test-server.ts";

const metricsToken = "metrics-token-for-tests";
const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  return (await fetch(url, init)).status;
}

describe("an address for monitoring", () => {
  test("serves metrics and health, and nothing else", async () => {
    await using server = await startTestServer({ metricsAddress: { host: "127.0.0.1", port: 0 } });
    const url = server.metricsUrl ?? "";
    const base = url.replace(/\/metrics$/, "");
    expect(base).not.toBe(server.url);
    const forwarded = { headers: { host: "yurt.internal", "x-forwarded-for": "10.0.0.7" } };
    expect(await statusOf(url, forwarded)).toBe(200);
    expect(await (await fetch(`${base}/readyz`)).text()).toBe("ready\n");
    expect(await statusOf(`${base}/healthz`)).toBe(200);
    expect(await Promise.all(["/", "/api/tokens", "/signal"].map((path) => statusOf(base + path)))).toEqual([
      404, 404, 404,
    ]);
    expect(await statusOf(`${server.url}/metrics`)).toBe(401);
  });

  test("is freed with the server", async () => {
    const server = await startTestServer({ metricsAddress: { host: "127.0.0.1", port: 0 } });
    const url = server.metricsUrl ?? "";
    await server.stop();
    expect(
      await fetch(url).then(
        () => "answered",
        () => "refused",
      ),
    ).toBe("refused");
  });

  test("that is in use keeps the server from starting, and names the setting", async () => {
    await using other = await startTestServer();
    const starting = startTestServer({ metricsAddress: { host: "127.0.0.1", port: other.port } });
    await expect(starting).rejects.toMatchObject({ code: "EADDRINUSE", port: other.port, setting: "metrics.listen" });
  });

  test("is freed when the server cannot listen", async () => {
    await using first = await startTestServer({ metricsAddress: { host: "127.0.0.1", port: 0 } });
    const port = Number(new URL(first.metricsUrl ?? "").port);
    await using other = await startTestServer();
    await first.stop();
    const metricsAddress = { host: "127.0.0.1", port };
    await expect(startTestServer({ port: other.port, metricsAddress })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await using second = await startTestServer({ metricsAddress });
    expect(await statusOf(second.metricsUrl ?? "")).toBe(200);
  });
});

describe("GET /metrics of a server", () => {
  test.each<[string, TestServerOptions]>([
    ["a metrics token", { metricsToken }],
    ["a public URL", { publicUrl: "https://collab.example.com" }],
    ["a trusted proxy", { proxies: ["127.0.0.1"] }],
  ])("with %s asks programs on this machine for a token", async (_, options) => {
    await using server = await startTestServer(options);
    expect(await statusOf(`${server.url}/metrics`)).toBe(401);
  });

  test("with a public URL on this machine does not", async () => {
    await using server = await startTestServer({ publicUrl: "http://localhost:4444" });
    expect(await statusOf(`${server.url}/metrics`)).toBe(200);
  });

  test("takes the metrics token and those of administrators, and no others", async () => {
    await using server = await startTestServer({ metricsToken, auth: { mode: "token", secrets: [secret] } });
    const [admin, user] = [await tokenFor({}, { admin: true }), await tokenFor({ "**": "write" })];
    const statuses = await Promise.all(
      [metricsToken, admin, user, "nonsense"].map((token) => statusOf(`${server.url}/metrics`, bearing(token))),
    );
    expect(statuses).toEqual([200, 200, 403, 401]);
  });
});
