import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import type { ServerOptions } from "../src/composition/server-options.ts";
import { defaultLimits } from "../src/composition/settings/limits.ts";
import { AddressRanges } from "../src/lib/address/address-ranges.ts";
import { type RunningServer, startServer } from "../src/server.ts";
import { databaseName } from "../src/storage/sqlite/database-file.ts";
import { closeReasons } from "../src/transport/close-reason.ts";
import { freePort } from "./support/programs/free-port.ts";
import { temporaryFolder } from "./support/servers/start-test-server.ts";

let dataFolder: string;

beforeEach(async () => {
  dataFolder = await temporaryFolder();
});

afterEach(async () => {
  await rm(dataFolder, { recursive: true, force: true });
});

function start(changed: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startServer({
    host: "127.0.0.1",
    port: 0,
    compatibilityPorts: [],
    auth: { mode: "open", secrets: [], readersShowPresence: true },
    origins: [],
    publicUrl: undefined,
    basePath: "",
    proxies: new AddressRanges([]),
    metricsToken: undefined,
    metricsAddress: undefined,
    dataFolder,
    documentMemoryBytes: 256 * 2 ** 20,
    keepsDeleted: () => false,
    webhooks: { allowedAddresses: new AddressRanges([]), retryDelaysMs: [] },
    historyKeepMs: () => 90 * 86_400_000,
    syncEnabled: true,
    durability: "disk",
    acknowledgementWindowMs: 20,
    peerjs: { key: "peerjs", discoveryEnabled: false },
    limits: defaultLimits,
    log: pino({ level: "silent" }),
    ...changed,
  });
}

/** The files of the data folder that this process has open, as Linux lists them. */
function openFiles(): readonly string[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`);
      return file.startsWith(dataFolder) ? [file] : [];
    } catch {
      // The descriptor that listed the folder is closed again.
      return [];
    }
  });
}

const webhook = (secrets: readonly Uint8Array[] = []) => ({ url: new URL("http://127.0.0.1:9/"), secrets });
const auth = (mode: "token" | "webhook") => ({ mode, secrets: [], readersShowPresence: true });
const keepSecret = (name: string, text: string) =>
  writeFileSync(join(dataFolder, "secrets.json"), JSON.stringify({ [name]: text }));

describe("a server that cannot start leaves nothing open, when", () => {
  test.each<readonly [step: string, prepare: () => Partial<ServerOptions>, message: string]>([
    [
      "the store fails",
      () => {
        writeFileSync(join(dataFolder, databaseName), "no database ".repeat(1_000));
        return { auth: auth("token") };
      },
      "not a database",
    ],
    [
      "access control fails at its first file",
      () => {
        keepSecret("auth.secret", "short");
        return { auth: auth("token") };
      },
      "less than 32 bytes",
    ],
    [
      "access control fails at its second file",
      () => {
        writeFileSync(join(dataFolder, "revocations.jsonl"), "no revocation\n");
        return { auth: auth("token") };
      },
      "Line 1 of",
    ],
    [
      "access control fails after its files are open",
      () => {
        keepSecret("auth.webhook-secret", "short");
        return { auth: { ...auth("webhook"), jwks: join(dataFolder, "keys.json"), webhook: webhook() } };
      },
      "not a Standard Webhooks secret",
    ],
    [
      "a part fails after the relay is open",
      () => ({
        auth: auth("token"),
        peerjs: {
          get key(): string {
            throw new Error("signaling does not open");
          },
          discoveryEnabled: false,
        },
      }),
      "signaling does not open",
    ],
  ])("%s", async (_, prepare, message) => {
    const changed = prepare();
    const before = readFolder();
    await expect(start(changed)).rejects.toThrow(message);
    expect(openFiles()).toEqual([]);
    if (message === "not a database") expect(readFolder()).toEqual(before);
  });

  test.each(["port", "compatibilityPorts"] as const)("it cannot listen on its %s", async (option) => {
    await using other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("other") });
    const taken = Number(other.port);
    const free = freePort();
    const ports = option === "port" ? { port: taken } : { port: free, compatibilityPorts: [taken] };
    const access = { ...auth("webhook"), webhook: webhook() };
    await expect(start({ ...ports, auth: access })).rejects.toMatchObject({ code: "EADDRINUSE", port: taken });
    expect(openFiles()).toEqual([]);
    await using reused = Bun.serve({ hostname: "127.0.0.1", port: free, fetch: () => new Response("free") });
    expect(reused.port).toBe(free);
  });

  function readFolder(): Record<string, string> {
    const kept = readdirSync(dataFolder).filter((name) => name !== "lock");
    return Object.fromEntries(kept.map((name) => [name, readFileSync(join(dataFolder, name), "latin1")]));
  }
});

describe("a running server", () => {
  test("names its endpoints, documents first", async () => {
    const server = await start();
    const authority = `127.0.0.1:${server.port}`;
    expect(server.url).toBe(`http://${authority}`);
    expect(server.endpoints).toEqual([
      { label: "Demo", url: `http://${authority}/` },
      { label: "Dashboard", url: `http://${authority}/admin` },
      { label: "y-websocket", url: `ws://${authority}/sync` },
      { label: "Hocuspocus", url: `ws://${authority}/collab` },
      { label: "y-webrtc", url: `ws://${authority}/signal` },
      { label: "PeerJS", url: `http://${authority}/peerjs` },
      { label: "Peers", url: `http://${authority}/socket.io/` },
      { label: "API", url: `http://${authority}/v1` },
    ]);
    await server.stop(closeReasons.restart);
  });

  test("without documents opens no data folder, and names no endpoint for them", async () => {
    const server = await start({ syncEnabled: false });
    expect([server.dataFolder, server.endpoints.map(({ label }) => label)]).toEqual([
      undefined,
      ["Demo", "Dashboard", "y-webrtc", "PeerJS", "Peers", "API"],
    ]);
    expect(readdirSync(dataFolder)).toEqual([]);
    await server.stop(closeReasons.restart);
  });

  test("that stops closes every file, and a second stop does nothing", async () => {
    const server = await start({ auth: { ...auth("webhook"), webhook: webhook() } });
    if (process.platform === "linux") expect(openFiles().length).toBeGreaterThan(0);
    await server.stop(closeReasons.restart);
    await server.stop(closeReasons.restart);
    expect(openFiles()).toEqual([]);
    await expect(fetch(server.url)).rejects.toThrow();
  });
});
