import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import type { AdminLink } from "../../../src/auth/admin/admin-links.ts";
import type { AuthOptions } from "../../../src/auth/auth-options.ts";
import type { ServerOptions, ServerSettings, TurnSettings } from "../../../src/composition/server-options.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import type { Log } from "../../../src/ops/log.ts";
import { type RunningServer, startServer } from "../../../src/server.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";

export interface TestServerOptions {
  readonly limits?: Partial<Limits>;
  /** The data folder of an earlier test server. By default a new one is created, and removed at the end. */
  readonly dataFolder?: string;
  readonly syncEnabled?: boolean;
  /** A Postgres database that it shares with other servers; see `PostgresServer.newSchema`. */
  readonly cluster?: ServerOptions["cluster"];
  readonly keepsDeleted?: ServerOptions["keepsDeleted"];
  /** By default change webhooks may lead to this machine. */
  readonly webhooks?: Partial<ServerOptions["webhooks"]>;
  readonly historyKeepMs?: ServerOptions["historyKeepMs"];
  readonly requiresMatch?: boolean;
  readonly peerjs?: Partial<ServerOptions["peerjs"]>;
  /** The port of an earlier test server, so that its clients reconnect to this one. */
  readonly port?: number;
  readonly compatibilityPorts?: readonly number[];
  /** The listening address, if it is not 127.0.0.1. */
  readonly host?: string;
  /** The access settings; by default access is open to everyone. */
  readonly auth?: Partial<AuthOptions>;
  readonly origins?: readonly string[];
  readonly publicUrl?: string;
  readonly basePath?: string;
  readonly proxies?: readonly string[];
  readonly https?: ServerOptions["https"];
  readonly metricsToken?: string;
  readonly metricsAddress?: ServerOptions["metricsAddress"];
  /** STUN and TURN on loopback; by default there is none, since few servers of this machine can have it. */
  readonly turn?: Partial<TurnSettings>;
  /** The schedule of backups; by default none are made. */
  readonly backup?: ServerOptions["backup"];
  /** The time in which `stop` closes connections in waves. */
  readonly drainMs?: number;
  /** The log; by default nothing is logged. */
  readonly log?: Log;
  /** As `ServerOptions.recent`. */
  readonly recent?: ServerOptions["recent"];
  /** As `ServerOptions.configuration`. */
  readonly configuration?: ServerOptions["configuration"];
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly compatibilityPorts: readonly number[];
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `ws://127.0.0.1:<port>` */
  readonly wsUrl: string;
  /** The URL of the metrics on an address of their own. */
  readonly metricsUrl: string | undefined;
  readonly dataFolder: string;
  readonly turn: RunningServer["turn"];
  /** The labels of the endpoints that it serves. */
  readonly endpoints: readonly string[];
  /** As `RunningServer.createAdminLink`. */
  createAdminLink(): Promise<AdminLink>;
  /** As `RunningServer.reload`, with the settings that are changed. */
  reload(changed: Partial<ServerSettings>): Promise<void>;
  /** Stops the server as SIGTERM does; idempotent. A data folder that was passed in is kept. */
  stop(): Promise<void>;
}

/** TURN on loopback, on free ports. */
export const testTurn: TurnSettings = {
  isEnabled: true,
  port: 0,
  tlsPort: 0,
  listen: ["127.0.0.1"],
  externalAddresses: "auto",
  stunServer: undefined,
  relayPorts: { first: 49_152, last: 65_535 },
  allowPeers: [],
  denyPeers: [],
  secrets: [],
  realm: "yurt",
  ttlMs: 3_600_000,
  strictChannels: false,
  advertised: ["own"],
  advertisedCredential: undefined,
};

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "yurt-test-"));
}

/** A whole server in this process, on a free port. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataFolder = options.dataFolder ?? (await temporaryFolder());
  const settings: ServerOptions = {
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    compatibilityPorts: options.compatibilityPorts ?? [],
    auth: { mode: "open", secrets: [], readersShowPresence: true, ...options.auth },
    origins: options.origins ?? [],
    publicUrl: options.publicUrl === undefined ? undefined : new URL(options.publicUrl),
    basePath: options.basePath ?? "",
    proxies: new AddressRanges(options.proxies ?? []),
    https: options.https,
    metricsToken: options.metricsToken,
    metricsAddress: options.metricsAddress,
    dataFolder,
    cluster: options.cluster,
    syncEnabled: options.syncEnabled ?? true,
    durability: "disk",
    acknowledgementWindowMs: 20,
    documentMemoryBytes: 256 * 2 ** 20,
    keepsDeleted: options.keepsDeleted ?? (() => false),
    historyKeepMs: options.historyKeepMs ?? (() => 90 * 86_400_000),
    requiresMatch: options.requiresMatch ?? false,
    peerjs: { key: "peerjs", discoveryEnabled: false, ...options.peerjs },
    webhooks: {
      allowedAddresses: new AddressRanges(["127.0.0.0/8"]),
      retryDelaysMs: [100, 500, 1_000],
      ...options.webhooks,
    },
    turn: options.turn && { ...testTurn, ...options.turn },
    backup: options.backup,
    limits: { ...defaultLimits, ...options.limits },
    recent: options.recent,
    configuration: options.configuration,
    log: options.log ?? pino({ level: process.env["YURT_TEST_LOG"] ?? "silent" }),
  };
  const server = await startServer(settings);
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await server.stop(closeReasons.restart, options.drainMs);
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
  };
  return {
    port: server.port,
    compatibilityPorts: server.compatibilityPorts,
    url: server.url,
    wsUrl: server.url.replace("http", "ws"),
    metricsUrl: server.metricsUrl,
    dataFolder,
    turn: server.turn,
    endpoints: server.endpoints.map(({ label }) => label),
    createAdminLink: () => server.createAdminLink(),
    reload: (changed) => server.reload({ ...settings, ...changed }),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    async [Symbol.asyncDispose]() {
      stopping ??= stop();
      await stopping;
    },
  };
}
