import { expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import type { ServerLiveEvent } from "../../../src/client/server/live-events.ts";
import { createLog } from "../../../src/ops/log.ts";
import { RecentLog } from "../../../src/ops/recent-log.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { EventReader } from "../../support/api/event-reader.ts";
import { eventually } from "../../support/eventually.ts";

function recordedLog() {
  const recent = new RecentLog();
  const tap = (line: string) => recent.take(line);
  return { recent, log: createLog({ level: "info", pretty: false, destination: { write: () => {} }, tap }) };
}

test("an administrator follows the figures and the log of a server", async () => {
  await using api = await startApiServer({ mode: "token", ...recordedLog() });
  const { server } = new YurtClient({ url: api.server.url, token: await api.adminToken() });
  const events: ServerLiveEvent[] = [];
  const ending = new AbortController();
  const following = (async () => {
    for await (const event of server.follow({ log: "info", signal: ending.signal })) events.push(event);
  })();
  await eventually("the figures", () => events.length > 0);
  const connections = expect.objectContaining({ "y-websocket": 0 });
  const figures = expect.objectContaining({ connections, residentBytes: expect.any(Number) });
  expect(events[0]).toEqual({ kind: "figures", figures });
  await api.ask("GET", "/v1/docs", { token: "not.a.token" });
  const lines = () => events.flatMap((event) => (event.kind === "log" ? [event.line] : []));
  await eventually("the refusal", () => lines().some(({ event }) => event === "access-denied"));
  expect(lines().find(({ event }) => event === "access-denied")).toMatchObject({
    level: "info",
    remedy: null,
    fields: { code: "malformed-token", address: "127.0.0.1" },
  });
  ending.abort();
  await following;
});

test("a server without documents has the streams, too, and says when it stops", async () => {
  const api = await startApiServer({ mode: "token", syncEnabled: false });
  const { url } = api.server;
  const headers = { authorization: `Bearer ${await api.adminToken()}` };
  await using reader = await EventReader.open(`${url}/v1/server/events`, headers);
  expect((await reader.next())?.event).toBe("figures");
  const stopped = api[Symbol.asyncDispose]();
  expect(await reader.next()).toMatchObject({ event: "end", data: { code: "stopping" } });
  await stopped;
});

test("others follow nothing, and another level is refused", async () => {
  await using api = await startApiServer({ mode: "token" });
  const { text: narrow } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "notes/" });
  const statusOf = async (path: string, token: string) => (await api.ask("GET", path, { token })).status;
  expect(await statusOf("/v1/server/events", narrow)).toBe(403);
  expect(await statusOf("/v1/server/events", api.keys["docs:write"])).toBe(403);
  expect(await statusOf("/v1/server/events?log=loud", api.keys["docs:admin"])).toBe(400);
});
