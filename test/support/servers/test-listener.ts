import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { originPolicyOf } from "../../../src/transport/admission/origin-policy.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";
import type { Engine } from "../../../src/transport/engine.ts";
import { Listener, type ListenerOptions } from "../../../src/transport/listener.ts";
import { NativeChannels } from "../../../src/transport/native-channel.ts";
import type { Protocol, ProtocolSession } from "../../../src/transport/protocol.ts";
import { eventually } from "../eventually.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { recordedLog } from "../fakes/recorded-log.ts";
import { testShares } from "../test-shares.ts";

export interface TestListener extends AsyncDisposable {
  readonly listener: Listener;
  readonly channels: NativeChannels;
  readonly clock: FakeClock;
  readonly url: string;
  /** The events of the protocol's sessions, in order. */
  readonly events: string[];
  readonly connections: Connection[];
  /** The connection over which each text arrived last. */
  readonly heardFrom: ReadonlyMap<string, Connection>;
  /** The lines of the log. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** The number of connections that the server closed for this reason. */
  closedFor(reason: string): Promise<number>;
  /** The number of sessions that were refused for this reason. */
  refusedFor(reason: string): Promise<number>;
  /** The number of upgrades that were refused for this reason. */
  refusedUpgradesFor(reason: string): Promise<number>;
}

type Handlers = Partial<
  Pick<Protocol, "closeDelayMs" | "compatibility" | "closeMessage" | "frameBytes" | "inboxOverflow" | "authenticate">
> & {
  readonly opening?: Promise<void>;
  readonly origins?: readonly string[];
  readonly proxies?: readonly string[];
  readonly receive?: (frame: Frame, connection: Connection) => void | Promise<void>;
  /** An engine, which is asked before the protocol. */
  readonly engine?: Engine;
  /** The listening address; by default only this machine can connect. */
  readonly host?: string;
  /** Whether everyone may enter; by default true. */
  readonly isOpen?: boolean;
  readonly basePath?: string;
  readonly encryption?: ListenerOptions["encryption"];
  /** By default any free port. */
  readonly port?: number;
};

/** A listener with one protocol, on `/test`. */
export function listen(
  handlers: Handlers = {},
  limits: Partial<Limits> = {},
  compatibilityPorts: readonly number[] = [],
): TestListener {
  const events: string[] = [];
  const connections: Connection[] = [];
  const heardFrom = new Map<string, Connection>();
  // When the test lets much time pass at once, no client can answer a ping meanwhile.
  const all = { ...defaultLimits, idlePingMs: 1e9, ...limits };
  const clock = new FakeClock();
  const metrics = createMetrics();
  const { log, events: logged } = recordedLog();
  const channels = new NativeChannels(all);
  const {
    opening,
    receive,
    origins = [],
    proxies = [],
    engine,
    host = "127.0.0.1",
    isOpen = true,
    basePath = "",
    encryption,
    port = 0,
    ...rest
  } = handlers;
  const open = (connection: Connection): ProtocolSession => {
    connections.push(connection);
    events.push("open");
    return {
      receive: (frame) => {
        events.push(`receive ${typeof frame === "string" ? frame : frame.byteLength}`);
        if (typeof frame === "string") heardFrom.set(frame, connection);
        return receive?.(frame, connection);
      },
      closed: () => events.push("closed"),
    };
  };
  const protocol: Protocol = {
    name: "test",
    frameBytes: 1e6,
    frameBytesOption: "limits.test-frame-bytes",
    match: ({ pathname }) => pathname === "/test",
    open: (connection) => (opening === undefined ? open(connection) : opening.then(() => open(connection))),
    ...rest,
  };
  const listener = new Listener({
    host,
    port,
    encryption,
    metrics,
    originPolicy: originPolicyOf(host, origins, { isOpen }),
    basePath,
    proxies: new AddressRanges(proxies),
    addresses: new CountedAddresses(),
    ...testShares(all, metrics),
    compatibility: { ports: compatibilityPorts, fetch: () => new Response("http for compatibility") },
    protocols: [protocol],
    engines: engine === undefined ? [] : [engine],
    fetch: ({ url }) => new Response(`http ${URL.parse(url)?.pathname}`),
    channels,
    limits: all,
    log,
    clock,
  });
  return {
    listener,
    channels,
    clock,
    url: `${encryption === undefined ? "ws" : "wss"}://127.0.0.1:${listener.port}/test`,
    events,
    connections,
    heardFrom,
    logged,
    closedFor: (reason) => countOf(metrics.closedConnections, reason),
    refusedFor: (reason) => countOf(metrics.refusedSessions, reason),
    refusedUpgradesFor: (reason) => countOf(metrics.refusedUpgrades, reason),
    [Symbol.asyncDispose]: () => listener.close(closeReasons.restart),
  };
}

async function countOf(counter: Metrics["refusedUpgrades"], reason: string): Promise<number> {
  const { values } = await counter.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

export interface Client {
  readonly socket: WebSocket;
  readonly heard: (string | number)[];
  closed: { code: number; reason: string } | undefined;
}

export async function join(url: string): Promise<Client> {
  const socket = new WebSocket(url, { tls: { rejectUnauthorized: false } });
  socket.binaryType = "arraybuffer";
  const client: Client = { socket, heard: [], closed: undefined };
  socket.onmessage = ({ data }) => client.heard.push(typeof data === "string" ? data : data.byteLength);
  socket.onclose = ({ code, reason }) => {
    client.closed = { code, reason };
  };
  await eventually("open", () => socket.readyState === WebSocket.OPEN);
  return client;
}
