import { expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import { createLog } from "../../../src/ops/log.ts";
import { RecentLog } from "../../../src/ops/recent-log.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { upgradeStatus } from "../../support/clients/upgrade-status.ts";

async function startLogged() {
  const recent = new RecentLog();
  const lines: string[] = [];
  const tap = (line: string) => {
    recent.take(line);
    lines.push(line);
  };
  const log = createLog({ level: "info", pretty: false, destination: { write: () => {} }, tap });
  const api = await startApiServer({ mode: "token", log, recent });
  return { api, lines, server: new YurtClient({ url: api.server.url, token: await api.adminToken() }).server };
}

test("a client without a token, a token for another room and an unknown path are listed with their reasons", async () => {
  const { api, server } = await startLogged();
  await using _ = api;
  expect(await server.refusals()).toEqual({ items: [], counts: [] });
  const { port } = api.server;
  const token = await api.token({ other: "write" });
  await upgradeStatus(port, `/sync/secret-plan`);
  await upgradeStatus(port, `/sync/secret-plan?token=${token}`);
  await upgradeStatus(port, `/nowhere`);
  const { counts, items } = await server.refusals();
  expect(items.map(({ event, reason }) => [event, reason])).toEqual([
    ["path-refused", null],
    ["session-refused", "forbidden"],
    ["access-denied", "wrong-room"],
    ["session-refused", "unauthorized"],
    ["access-denied", "no-token"],
  ]);
  expect(items[0]).toMatchObject({ detail: "/nowhere", remedy: expect.stringContaining("y-websocket /sync") });
  expect(items[1]).toMatchObject({ protocol: "y-websocket" });
  expect(items[2]).toMatchObject({ address: "127.0.0.1", detail: expect.stringMatching(/\w/), omitted: 0 });
  expect(counts).toContainEqual({ event: "access-denied", reason: "wrong-room", count: 1 });
  expect(JSON.stringify(items)).not.toContain("secret-plan");
  expect(JSON.stringify(items)).not.toContain(token);
});

test("many refusals for one reason are counted, and the log leaves some out", async () => {
  const { api, server } = await startLogged();
  await using _ = api;
  for (let count = 0; count < 30; count += 1) await api.ask("GET", "/v1/docs", { token: "not.a.token" });
  const { counts, items } = await server.refusals();
  expect(items.length).toBeLessThan(30);
  expect(counts).toEqual([{ event: "access-denied", reason: "malformed-token", count: 30 }]);
});

test("the level of the log is changed while the server runs, which the log tells", async () => {
  const { api, lines, server } = await startLogged();
  await using _ = api;
  expect(await server.logLevel()).toBe("info");
  await server.setLogLevel("debug");
  expect(await server.logLevel()).toBe("debug");
  expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ event: "log-level-set", level: "debug", before: "info" });
});
