import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { pino } from "pino";
import type { ServerSettings } from "../../src/composition/server-options.ts";
import { serverOptionsOf } from "../../src/composition/settings/settings.ts";
import type { Environment } from "../../src/config/sources.ts";
import { type RunningServer, startServer } from "../../src/server.ts";
import { closeReasons } from "../../src/transport/close-reason.ts";
import { upgradeStatus } from "../support/clients/upgrade-status.ts";
import { accepted } from "../support/servers/configurations.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

let data: string;
let server: RunningServer;

function settings(environment: Environment): ServerSettings {
  return serverOptionsOf(
    accepted({ YURT_DATA: data, YURT_PORT: "0", YURT_TURN_ENABLED: "false", ...environment }).values,
  );
}

async function start(environment: Environment): Promise<void> {
  server = await startServer({ ...settings(environment), log: pino({ level: "silent" }) });
}

beforeEach(async () => {
  data = await temporaryFolder();
});

afterEach(async () => {
  await server.stop(closeReasons.restart);
  await rm(data, { recursive: true, force: true });
});

const page = async (origin: string) => {
  const { status, headers } = await fetch(`${server.url}/signal`, {
    headers: { origin, connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
  });
  return { status, reader: headers.get("access-control-allow-origin") };
};

/** Opens a socket that stays open. */
async function connect(): Promise<WebSocket> {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/signal`);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return socket;
}

describe("a running server takes over", () => {
  test("the token for its metrics, and whether programs on this machine need one", async () => {
    await start({});
    const statusOf = async (token: string) =>
      (await fetch(`${server.url}/metrics`, token === "" ? {} : { headers: { authorization: `Bearer ${token}` } }))
        .status;
    expect(await statusOf("")).toBe(200);
    const token = "token-for-the-metrics";
    await server.reload(settings({ YURT_METRICS_TOKEN: token }));
    expect([await statusOf(""), await statusOf(token)]).toEqual([401, 200]);
    await server.reload(settings({ YURT_PROXY_TRUSTED: "192.0.2.1" }));
    expect([await statusOf(""), await statusOf(token)]).toEqual([401, 401]);
    await server.reload(settings({}));
    expect(await statusOf("")).toBe(200);
  });

  test("the origins of pages, and who may read its answers", async () => {
    await start({ YURT_AUTH_MODE: "token", YURT_AUTH_ORIGINS: "https://one.example" });
    const readerOf = async (origin: string) =>
      (await fetch(`${server.url}/api/validate?room=a`, { headers: { origin } })).headers.get(
        "access-control-allow-origin",
      );
    const one = "https://one.example";
    const two = "https://two.example";
    expect([(await page(two)).status, await readerOf(one), await readerOf(two)]).toEqual([403, one, null]);
    await server.reload(settings({ YURT_AUTH_MODE: "token", YURT_AUTH_ORIGINS: two }));
    expect([(await page(one)).status, await readerOf(one), await readerOf(two)]).toEqual([403, null, two]);
    await server.reload(settings({ YURT_AUTH_MODE: "token" }));
    expect([(await page(one)).status, await readerOf(one)]).toEqual([400, "*"]);
  });

  test("how long histories are kept, and whether there are any", async () => {
    await start({ YURT_HISTORY_KEEP: "0" });
    const versionsAfter = async (text: string) => {
      const headers = { "content-type": "application/json" };
      const path = `${server.url}/v1/docs/doc`;
      await fetch(`${path}/json?as=auto`, { method: "PUT", headers, body: JSON.stringify({ text }) });
      const { items } = Object(await (await fetch(`${path}/versions`)).json());
      return items.length;
    };
    expect([await versionsAfter("one"), await versionsAfter("two")]).toEqual([0, 0]);
    await server.reload(settings({ YURT_HISTORY_KEEP_FOR: "d*=1d" }));
    expect(await versionsAfter("three")).toBe(1);
  });

  test("limits, and keeps those that need a restart", async () => {
    await start({ YURT_LIMITS_CONNECTIONS: "1" });
    const socket = await connect();
    expect(await upgradeStatus(server.port, "/signal")).toBe(503);
    await server.reload(settings({ YURT_LIMITS_CONNECTIONS: "2", YURT_LIMITS_SIGNALING_FRAME_BYTES: "10" }));
    expect(await upgradeStatus(server.port, "/signal")).toBe(101);
    // An open connection is left alone.
    socket.send(JSON.stringify({ type: "ping" }));
    const answer = await new Promise((resolve) =>
      socket.addEventListener("message", ({ data: text }) => resolve(text)),
    );
    expect(answer).toBe('{"type":"pong"}');
    socket.close();
  });

  test("trusted proxies", async () => {
    const clientAddress = { "x-forwarded-for": "203.0.113.7" };
    const ask = () => fetch(`${server.url}/api/validate?room=a`, { headers: clientAddress });
    const rate = { YURT_AUTH_MODE: "token", YURT_LIMITS_VALIDATION_BURST: "1" };
    await start(rate);
    // Limits per address do not hold for this machine.
    expect([(await ask()).status, (await ask()).status]).not.toContain(429);
    await server.reload(settings({ ...rate, YURT_PROXY_TRUSTED: "127.0.0.1" }));
    await ask();
    expect((await ask()).status).toBe(429);
  });

  test("the memory for documents", async () => {
    await start({});
    const limit = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return /^yurt_budget_limit_bytes\{budget="documents"\} (\d+)$/m.exec(text)?.[1];
    };
    expect(await limit()).toBe(String(256 * 2 ** 20));
    await server.reload(settings({ YURT_SYNC_MEMORY: "512" }));
    expect(await limit()).toBe(String(512 * 2 ** 20));
  });
});
