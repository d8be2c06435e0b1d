import { expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { version } from "../../../src/cli/version.ts";
import { YurtClient } from "../../../src/client/client.ts";
import { createLog } from "../../../src/ops/log.ts";
import { RecentLog } from "../../../src/ops/recent-log.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { eventually } from "../../support/eventually.ts";
import { iceServersAt, openTurnClient } from "../../support/turn/turn-through.ts";

test("a server that is well says so, with what it uses", async () => {
  await using api = await startApiServer({ mode: "token" });
  const client = new YurtClient({ url: api.server.url, token: await api.adminToken() });
  const facts = await client.server.get();
  expect(facts).toMatchObject({ version, ready: true, notReady: [], backup: null, certificate: null, problems: [] });
  expect(facts.cluster).toBeNull();
  expect(facts.turn).toBeNull();
  expect(facts.disk?.availableBytes).toBeGreaterThan(0);
  expect(facts.memory.residentBytes).toBeGreaterThan(10_000_000);
  expect(facts.memory.budgets).toContainEqual({ name: "documents", usedBytes: 0, limitBytes: 256 * 2 ** 20 });
  expect(facts.connections).toMatchObject({ open: { "y-websocket": 0 }, limit: expect.any(Number) });
  expect(Date.now() - Date.parse(facts.startedAt)).toBeLessThan(60_000);
  expect(await client.server.figures()).toMatchObject({ intervalSeconds: 10, times: [], connections: { peerjs: [] } });
});

test("a server with TURN says where it listens, and who uses it", async () => {
  await using api = await startApiServer({ turn: {} });
  const { server } = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] });
  const { port } = api.server.turn.listening ?? {};
  const urls = [
    `stun:127.0.0.1:${port}`,
    `turn:127.0.0.1:${port}?transport=udp`,
    `turn:127.0.0.1:${port}?transport=tcp`,
  ];
  expect((await server.get()).turn).toEqual({ state: "listening", urls, allocations: 0, users: 0 });
  const iceServers = await iceServersAt(api.server.url);
  using one = await openTurnClient(iceServers, "udp");
  using other = await openTurnClient(iceServers, "udp");
  for (const { turn } of [one, other]) await turn.allocate();
  expect((await server.get()).turn).toMatchObject({ allocations: 2, users: 1 });
});

test("a server that has TURN switched off says so", async () => {
  await using api = await startApiServer({ turn: { isEnabled: false } });
  const { server } = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] });
  expect((await server.get()).turn).toEqual({ state: "off", urls: [], allocations: 0, users: 0 });
});

test("a server without its data folder says why it is not ready, and has the remedy of the log", async () => {
  const recent = new RecentLog();
  const tap = (line: string) => recent.take(line);
  const log = createLog({ level: "info", pretty: false, destination: { write: () => {} }, tap });
  await using api = await startApiServer({ mode: "token", log, recent });
  const { dataFolder, url } = api.server;
  const client = new YurtClient({ url, token: await api.adminToken() });
  await rename(dataFolder, `${dataFolder}-moved`);
  await eventually("ready: false", async () => (await client.server.get()).ready === false);
  const facts = await client.server.get();
  expect(facts.notReady).toContain("the data folder, or a file in it, is not in its place");
  expect(facts.problems).toContainEqual(
    expect.objectContaining({ level: "error", event: "data-folder-gone", remedy: expect.stringMatching(/\w/) }),
  );
  await rename(`${dataFolder}-moved`, dataFolder);
  await eventually("ready: true", async () => (await client.server.get()).ready === true);
});

test("a key for some documents sees nothing of the server", async () => {
  await using api = await startApiServer({ mode: "token" });
  const { text: token } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "notes/" });
  for (const path of ["/v1/server", "/v1/server/figures"]) {
    const { body, status } = await api.ask("GET", path, { token });
    expect([status, body["code"]]).toEqual([403, "forbidden"]);
  }
});
