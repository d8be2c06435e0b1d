import { beforeEach, describe, expect, test } from "bun:test";
import { createProbeApi } from "../../src/admin/probe-api.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

let clock: FakeClock;
let api: ReturnType<typeof createProbeApi>;

beforeEach(() => {
  clock = new FakeClock();
  api = createProbeApi({
    clock,
    administration: {
      refuse: async ({ headers }) =>
        headers.has("authorization")
          ? undefined
          : { granted: false, kind: "unauthorized", code: "no-token", reason: "no token" },
    },
  });
});

const env = { remoteAddress: "192.0.2.1" };

async function makeProbe(): Promise<string> {
  const response = await api.request("/api/probes", { method: "POST", headers: { authorization: "Bearer a" } }, env);
  expect(response.status).toBe(201);
  return Object(await response.json()).id;
}

const ask = (id: string, headers: Readonly<Record<string, string>> = {}) =>
  api.request(`/api/probes/${id}`, { headers }, env);

describe("a probe", () => {
  test("is for administrators", async () => {
    const response = await api.request("/api/probes", { method: "POST" }, env);
    expect([response.status, await response.json()]).toEqual([401, { error: "no token" }]);
  });

  test("tells once how a request has arrived, of what a proxy sets, and nothing else", async () => {
    const id = await makeProbe();
    const secret = { authorization: "Bearer secret", cookie: "session=secret" };
    const response = await ask(id, { ...secret, host: "a.example", "x-forwarded-for": "198.51.100.1, 10.0.0.1" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      remoteAddress: "192.0.2.1",
      headers: { host: "a.example", "x-forwarded-for": "198.51.100.1, 10.0.0.1" },
    });
    expect((await ask(id)).status).toBe(404);
  });

  test("ends after a minute", async () => {
    const id = await makeProbe();
    clock.advance(60_000);
    expect((await ask(id)).status).toBe(404);
  });

  test("is unknown if nobody has made it", async () => {
    expect((await ask("00000000-0000-0000-0000-000000000000")).status).toBe(404);
  });

  test("displaces the oldest one when there are sixteen", async () => {
    const ids: string[] = [];
    for (let count = 0; count < 17; count += 1) ids.push(await makeProbe());
    expect((await ask(ids[0] ?? "")).status).toBe(404);
    expect((await ask(ids[1] ?? "")).status).toBe(200);
  });
});
