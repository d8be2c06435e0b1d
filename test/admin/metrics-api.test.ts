import { describe, expect, test } from "bun:test";
import { createMetricsApi } from "../../src/admin/metrics-api.ts";
import { MetricsGuard, type MetricsGuardOptions } from "../../src/admin/metrics-guard.ts";
import { createMetrics } from "../../src/ops/metrics.ts";

const host = "127.0.0.1:4444";
const adminToken = "the-token-of-an-administrator";
const metricsToken = "the-token-for-the-metrics-alone";

/** Allows one token. */
const administration: MetricsGuardOptions["administration"] = {
  refuse: async ({ headers }) =>
    headers.get("authorization") === `Bearer ${adminToken}`
      ? undefined
      : { granted: false, kind: "unauthorized", code: "bad-signature", reason: "the signature is invalid" },
};

interface Asked extends Partial<MetricsGuardOptions> {
  readonly from?: string;
  readonly headers?: Record<string, string>;
}

async function ask({ from = "127.0.0.1", headers = {}, ...rest }: Asked = {}): Promise<Response> {
  const guard = new MetricsGuard({ token: undefined, whyTokenIsNeededHere: undefined, administration, ...rest });
  const api = createMetricsApi({ metrics: createMetrics(), guard });
  return api.request("/metrics", { headers: { host, ...headers } }, { remoteAddress: from });
}

const bearing = (token: string) => ({ authorization: `Bearer ${token}` });

describe("GET /metrics without a token", () => {
  test.each([
    ["127.0.0.1", host],
    ["127.8.0.1", "localhost"],
    ["::1", "[::1]:4444"],
    ["::ffff:127.0.0.1", "localhost:4444"],
  ])("answers a program on this machine (%s, Host %s)", async (from, named) => {
    const response = await ask({ from, headers: { host: named } });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toContain("\nyurt_commits_total 0\n");
  });

  test.each(["10.0.0.7", "172.17.0.1", "::ffff:10.0.0.7", "2001:db8::1", ""])(
    "refuses another machine (%p), and says why and what to do",
    async (from) => {
      const response = await ask({ from });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      const text = await response.text();
      expect(text).toContain("does not come from this machine");
      expect(text).toContain("--metrics-listen");
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
    const response = await ask({ headers: { [name]: value } });
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining(`the header ${name})`)]);
  });

  test.each(["collab.example.com", "127.0.0.1.example.com", "a host", ""])(
    "refuses another host (%p), as a proxy or a rebound name sends it",
    async (named) => {
      expect((await ask({ headers: { host: named } })).status).toBe(401);
    },
  );

  test("refuses a program on this machine where it needs a token as well, and says why", async () => {
    const response = await ask({ whyTokenIsNeededHere: "metrics.token is set" });
    expect([response.status, await response.text()]).toEqual([401, expect.stringContaining("metrics.token is set")]);
  });
});

test("GET /metrics goes by the token and the rule of the last reload", async () => {
  const guard = new MetricsGuard({ token: metricsToken, whyTokenIsNeededHere: "metrics.token is set", administration });
  const api = createMetricsApi({ metrics: createMetrics(), guard });
  const statusOf = async (headers: Record<string, string>) => {
    const response = await api.request("/metrics", { headers: { host, ...headers } }, { remoteAddress: "127.0.0.1" });
    return response.status;
  };
  const other = "another-token-for-the-metrics";
  guard.reload({ token: other, whyTokenIsNeededHere: "metrics.token is set" });
  const statuses = [await statusOf(bearing(metricsToken)), await statusOf(bearing(other)), await statusOf({})];
  expect(statuses).toEqual([401, 200, 401]);
  guard.reload({ token: undefined, whyTokenIsNeededHere: undefined });
  expect([await statusOf(bearing(other)), await statusOf({})]).toEqual([401, 200]);
});

describe("GET /metrics with a token", () => {
  const remote = { from: "10.0.0.7", headers: { host: "collab.example.com", "x-forwarded-for": "10.0.0.8" } };
  const askWith = (token: string, rest: Asked = {}) =>
    ask({ ...remote, ...rest, headers: { ...remote.headers, ...bearing(token) } });

  test("answers whoever shows the metrics token, from anywhere", async () => {
    expect((await askWith(metricsToken, { token: metricsToken })).status).toBe(200);
  });

  test("answers an administrator, from anywhere", async () => {
    expect((await askWith(adminToken, { token: metricsToken })).status).toBe(200);
    expect((await askWith(adminToken)).status).toBe(200);
  });

  test.each([
    ["another one", "the-token-for-the-metrics-alonE"],
    ["a longer one", `${metricsToken}x`],
    ["a part of it", metricsToken.slice(0, -1)],
  ])("refuses %s with the reason, and does not quote it", async (_, token) => {
    const response = await askWith(token, { token: metricsToken });
    const text = await response.text();
    expect([response.status, text]).toEqual([401, expect.stringContaining("the signature is invalid")]);
    expect(text).not.toContain(token);
  });

  test("refuses a wrong one of a program on this machine as well", async () => {
    expect((await ask({ headers: bearing("wrong") })).status).toBe(401);
  });
});
