import { describe, expect, test } from "bun:test";
import { createMetricsApi } from "../../src/admin/metrics-api.ts";
import { createMetrics } from "../../src/ops/metrics.ts";

const host = "127.0.0.1:4444";

async function ask(remoteAddress: string, headers: Record<string, string> = { host }): Promise<Response> {
  return createMetricsApi(createMetrics()).request("/metrics", { headers }, { remoteAddress });
}

describe("GET /metrics", () => {
  test.each([
    ["127.0.0.1", host],
    ["127.8.0.1", "localhost"],
    ["::1", "[::1]:4444"],
    ["::ffff:127.0.0.1", "localhost:4444"],
  ])("answers a program on this machine (%s, Host %s)", async (remoteAddress, named) => {
    const response = await ask(remoteAddress, { host: named });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toContain("\nyurt_commits_total 0\n");
  });

  test.each(["10.0.0.7", "172.17.0.1", "::ffff:10.0.0.7", "2001:db8::1", ""])(
    "refuses another machine (%p), and says so",
    async (remoteAddress) => {
      const response = await ask(remoteAddress);
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining("on this machine")]);
    },
  );

  test.each([
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-for", ""],
    ["x-forwarded-host", "collab.example.com"],
    ["x-forwarded-proto", "https"],
    ["x-real-ip", "127.0.0.1"],
    ["forwarded", "for=127.0.0.1"],
    ["via", "1.1 proxy"],
  ])("refuses what a proxy on this machine has forwarded (%s: %s), and says so", async (name, value) => {
    const response = await ask("127.0.0.1", { host, [name]: value });
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining(`the header ${name})`)]);
  });

  test.each(["collab.example.com", "127.0.0.1.example.com", "a host", ""])(
    "refuses another host (%p), as a proxy or a rebound name sends it",
    async (named) => {
      expect((await ask("127.0.0.1", { host: named })).status).toBe(403);
    },
  );
});
