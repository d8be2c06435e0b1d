import type { AddressRanges } from "../lib/address/address-ranges.ts";
import { authorityOf, reachableHost } from "../lib/address/authority.ts";
import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import { ResidentMemory } from "../lib/system/resident-memory.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Pulse } from "../lib/time/pulse.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { ForwardedAddresses } from "./admission/forwarded-address.ts";
import { closing, refused, toDirectory } from "./admission/http-answers.ts";
import { LaterRefusals } from "./admission/later-refusals.ts";
import { type OriginPolicy, refuseForeign, refuseOrigin } from "./admission/origin-policy.ts";
import { Refusals } from "./admission/refusals.ts";
import { RequestPaths } from "./admission/request-paths.ts";
import { UpgradeLimits } from "./admission/upgrade-limits.ts";
import { faultOf, isHandshake, isUpgrade } from "./admission/upgrade-request.ts";
import { readHandshake, subprotocolFor } from "./client-handshake.ts";
import type { CloseReason } from "./close-reason.ts";
import { type ClosingWavesOptions, closeInWaves } from "./closing/closing-waves.ts";
import type { Engine } from "./engine.ts";
import type { TransportLimits } from "./limits.ts";
import { type Binding, type Encryption, PortServers, type ServedCertificate } from "./listening/port-servers.ts";
import { Liveness } from "./liveness/liveness.ts";
import { ReceiveQueues } from "./liveness/receive-queues.ts";
import type { NativeChannels } from "./native-channel.ts";
import type { Outboxes } from "./outboxes/outboxes.ts";
import type { HttpClient, Protocol } from "./protocol.ts";
import type { Scheduler } from "./scheduling/scheduler.ts";
import { SessionRunner, type Wire } from "./session-runner.ts";
import { openTcpSockets, type Peer, peerName } from "./unfinished/tcp-sockets.ts";
import { UnfinishedFrames } from "./unfinished/unfinished-frames.ts";
import {
  type Socket,
  type SocketData,
  type SocketServer,
  WebSocketConnection,
  type WebSocketConnectionOptions,
} from "./websocket-connection.ts";

export interface ListenerOptions {
  /** A hostname or address. */
  readonly host: string;
  /** The port to listen on; 0 takes any free one. */
  readonly port: number;
  /** Undefined: the ports speak plain HTTP. */
  readonly encryption?: Encryption | undefined;
  readonly protocols: readonly Protocol[];
  readonly engines?: readonly Engine[];
  /** Answers every request that is not an upgrade. */
  readonly fetch: Fetch;
  /** Further ports, which also serve what the protocols answer for compatibility. */
  readonly compatibility?: { readonly ports: readonly number[]; readonly fetch: Fetch };
  readonly originPolicy: OriginPolicy;
  /** As `RequestPathsOptions.basePath`. */
  readonly basePath: string;
  /** As `RequestPathsOptions.segmentPrefixes`. */
  readonly segmentPrefixes?: readonly string[];
  /** The reverse proxies whose `X-Forwarded-For` is accepted. */
  readonly proxies: AddressRanges;
  readonly addresses: CountedAddresses;
  readonly channels: NativeChannels;
  readonly limits: TransportLimits;
  readonly log: Log;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
}

export type Fetch = (request: Request, client: HttpClient) => Response | Promise<Response>;

/** One port, and the way in which it is served. */
interface ListeningPort {
  readonly port: number;
  readonly fetch: Fetch;
  find(url: URL): Protocol | undefined;
}

/** One request, and the server that received it. */
interface IncomingRequest {
  /** The request as the server received it; the only one that the server can upgrade. */
  readonly request: Request;
  /** The URL with the path that protocols and routes compare; null when the client sent no valid host. */
  readonly url: URL | null;
  /** The path as the client sent it. */
  readonly pathname: string;
  readonly server: SocketServer;
  /** Read once per request: asking the server for it takes as long as accepting a socket. */
  readonly peer: Peer;
}

/** How long the clients of a server that stops may take to receive what was sent to them before. */
const stoppingMs = 2_000;
/** Bytes; see `maxPayloadLength`. */
const smallestPayloadLimit = 16 * 2 ** 20;
/** Seconds that an engine may hold a request; a poll waits for the next message or the next ping. */
const engineRequestSeconds = 60;
/**
 * Hands upgrades to the protocol that answers the URL, and everything else to HTTP.
 *
 * A server has one listener for all its ports: it numbers the connections, and its limits hold for all of them.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #ports: PortServers<ListeningPort, SocketServer>;
  readonly #paths: RequestPaths;
  readonly #refusals: Refusals;
  readonly #later: LaterRefusals;
  readonly #runners = new Set<SessionRunner<WebSocketConnection>>();
  readonly #forwarded: ForwardedAddresses;
  readonly #upgrades: UpgradeLimits;
  readonly #limitedLog: LimitedLog;
  readonly #memory = new ResidentMemory();
  readonly #unfinished: UnfinishedFrames;
  readonly #connectionOptions: WebSocketConnectionOptions;
  #opened = 0;
  #isDraining = false;
  #allEnded: (() => void) | undefined;

  /** Throws the system's error (EADDRINUSE, EACCES, …), with the `port`, when it cannot listen. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#forwarded = new ForwardedAddresses(options);
    this.#upgrades = new UpgradeLimits(options);
    this.#limitedLog = new LimitedLog(options.log, options.clock);
    const liveness = new Liveness(options);
    const estimated = options.encryption && (() => this.#unfinished.estimated());
    this.#connectionOptions = { ...options, liveness, receiveQueues: new ReceiveQueues(), estimated };
    this.#unfinished = new UnfinishedFrames({
      ...options,
      connections: () => this.#runners.values().map(({ connection }) => connection),
      residentBytes: () => this.#memory.read(),
      openSockets: openTcpSockets,
    });
    const namePrefixes = options.protocols.flatMap((protocol) => protocol.namePrefixes ?? []);
    const { basePath, segmentPrefixes } = options;
    this.#paths = new RequestPaths({ basePath, namePrefixes, segmentPrefixes });
    this.#refusals = new Refusals({ ...options, limitedLog: this.#limitedLog });
    this.#later = new LaterRefusals({ ...options, limitedLog: this.#limitedLog });
    this.#ports = new PortServers({
      host: options.host,
      ports: portsOf(options),
      encryption: options.encryption,
      serve: (listening, binding) => this.#serve(listening, binding),
      started: (server) => options.channels.add(server),
      ended: (server) => options.channels.remove(server),
    });
    options.scheduler.readFrom(() => this.#runners.values().map(({ connection }) => connection));
    options.metrics.maxConnections.readFrom(() => options.limits.connections);
  }

  get port(): number {
    return this.#ports.numbers[0] ?? this.#options.port;
  }

  /** The base URL of HTTP on the first port for a client on this machine or its network, without a slash at the end. */
  get url(): string {
    const scheme = this.#options.encryption === undefined ? "http" : "https";
    return `${scheme}://${authorityOf(reachableHost(this.#options.host), this.port)}`;
  }

  get compatibilityPorts(): readonly number[] {
    return this.#ports.numbers.slice(1);
  }

  /** As `PortServers.replaceCertificate`: open connections stay. */
  replaceCertificate(certificate: ServedCertificate): void {
    this.#ports.replaceCertificate(certificate);
  }

  /** Replaces the list of trusted reverse proxies. Connections that are open keep their addresses. */
  trust(proxies: AddressRanges): void {
    this.#forwarded.trust(proxies);
  }

  /** Refuses new connections from now on; the open ones stay. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Refuses new connections, and closes the open ones in waves, all but the last: as `closeInWaves`. */
  async closeInWaves(options: Omit<ClosingWavesOptions, "clock">): Promise<void> {
    this.drain();
    await closeInWaves(this.#runners, { ...options, clock: this.#options.clock });
  }

  /** Closes every connection with `reason`, and resolves when all their sessions have ended and the ports are free. */
  async close(reason: CloseReason): Promise<void> {
    this.drain();
    const allEnded = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    for (const { connection } of this.#runners) connection.close(reason);
    const cancel = this.#options.clock.after(stoppingMs, () => {
      for (const { connection } of this.#runners) connection.abandon();
    });
    if (this.#runners.size > 0) await allEnded;
    cancel();
    this.#unfinished.close();
    this.#memory[Symbol.dispose]();
    await this.#ports.stop();
  }

  #serve(listening: ListeningPort, binding: Binding): SocketServer {
    const { protocols } = this.#options;
    const runnerOptions = {
      ...this.#options,
      limitedLog: this.#limitedLog,
      ended: (runner: SessionRunner<WebSocketConnection>) => {
        this.#runners.delete(runner);
        if (this.#runners.size === 0) this.#allEnded?.();
      },
    };
    const server: SocketServer = Bun.serve<SocketData>({
      // `development: false` would switch `reusePort` on by itself: a second server would silently share the port.
      ...binding,
      // Without this the executable answers errors with a page of stack traces.
      development: false,
      fetch: (request) => this.#answer(request, server, listening),
      error: (error) => {
        this.#limitedLog.error({ event: "request-crashed", err: error });
        return new Response("Internal error\n", { status: 500 });
      },
      websocket: {
        // Above our own limits: Bun's own refusal is 1009, which y-websocket retries for ever, and lib0 without delay.
        maxPayloadLength: Math.max(smallestPayloadLimit, ...protocols.map(({ frameBytes }) => 2 * frameBytes)),
        // Past this limit Bun silently drops frames; the outbox limit closes the connection long before.
        backpressureLimit: 2 ** 30,
        // Bun's own timeout is restarted by what is sent to a client, and says nothing about the client: `Liveness` does.
        idleTimeout: 0,
        sendPings: false,
        // 19 times the CPU per frame.
        perMessageDeflate: false,
        open: (socket) => {
          socket.binaryType = "uint8array";
          this.#opened += 1;
          const runner = new SessionRunner(this.#wireOf(socket, server), runnerOptions);
          this.#upgrades.opened(runner.connection.remoteAddress);
          socket.data.attached = runner;
          this.#runners.add(runner);
          this.#unfinished.opened(runner.connection);
        },
        message: ({ data: { attached } }, frame) => {
          attached?.connection.received();
          attached?.receive(frame);
        },
        drain: (socket) => socket.data.attached?.connection.wrote(),
        ping: ({ data: { attached } }, { byteLength }) => {
          attached?.connection.completed(byteLength);
          attached?.connection.received();
        },
        pong: ({ data: { attached } }, { byteLength }) => {
          attached?.connection.completed(byteLength);
          attached?.connection.ponged();
        },
        close: ({ data: { attached } }) => {
          if (attached !== undefined) this.#upgrades.closed(attached.connection.remoteAddress);
          attached?.gone();
        },
      },
    });
    return server;
  }

  async #answer(request: Request, server: SocketServer, listening: ListeningPort): Promise<Response | undefined> {
    const incoming = this.#read(request, server);
    const { url, pathname } = incoming;
    const engine = url === null ? undefined : this.#options.engines?.find((candidate) => candidate.match(url));
    const isPlain = url === null || engine !== undefined || !isHandshake(request);
    const protocol = isPlain ? undefined : listening.find(url);
    const refusal = this.#refusalOf(incoming, engine ?? protocol);
    if (refusal !== undefined) return closing(request, refusal);
    if (engine !== undefined) return this.#engage(engine, incoming);
    if (protocol !== undefined) return this.#upgrade(protocol, incoming);
    if (this.#paths.lacksSlash(pathname)) return closing(request, toDirectory(request, pathname));
    const client = { remoteAddress: this.#addressOf(incoming), keepOpen: () => server.timeout(request, 0) };
    return closing(request, await listening.fetch(asRead(incoming), client));
  }

  #read(request: Request, server: SocketServer): IncomingRequest {
    const peer = peerOf(request, server);
    this.#unfinished.requested(peer.name);
    const url = URL.parse(request.url);
    const pathname = url?.pathname ?? "/";
    const path = this.#paths.of(pathname);
    // The URL is written anew for each change.
    if (url !== null && path !== pathname) url.pathname = path;
    return { request, url, pathname, server, peer };
  }

  /** The answer to a request that is refused for its form, before the engine or protocol `target` sees it. */
  #refusalOf({ request, url, pathname }: IncomingRequest, target: Engine | Protocol | undefined): Response | undefined {
    const { originPolicy } = this.#options;
    const isSocket = isHandshake(request);
    const local = refuseForeign(request.headers, originPolicy);
    const opens = target !== undefined || isSocket;
    const foreign = local ?? (opens ? refuseOrigin(request.headers, originPolicy) : undefined);
    if (foreign !== undefined) return this.#refusals.foreign(request, foreign);
    if (!isSocket) return undefined;
    if (url === null) return new Response("Bad host\n", { status: 400 });
    if (target === undefined) return this.#refusals.unknownPath(pathname);
    const fault = faultOf(request);
    return fault && this.#refusals.handshake(pathname, fault);
  }

  async #engage(engine: Engine, incoming: IncomingRequest): Promise<Response | undefined> {
    const { request, server, peer } = incoming;
    if (this.#isDraining) return this.#later.refuse("restart", "");
    const remoteAddress = this.#addressOf(incoming);
    const refusal = isUpgrade(request) ? this.#upgrades.refuse(remoteAddress) : undefined;
    if (refusal !== undefined) return this.#later.refuse(refusal, remoteAddress);
    server.timeout(request, engineRequestSeconds);
    let full: ReturnType<UpgradeLimits["full"]>;
    const upgrade = (protocol: Protocol, headers: Headers) => {
      full = this.#upgrades.full(remoteAddress);
      if (full !== undefined) return false;
      const data = { protocol, ...readHandshake(request), remoteAddress, peer, attached: undefined };
      return server.upgrade(request, { data, headers });
    };
    const response = await engine.answer(asRead(incoming), { remoteAddress, upgrade });
    // The engine answers an upgrade that did not take place with 500.
    if (full !== undefined) return this.#later.refuse(full, remoteAddress);
    return response && closing(request, response);
  }

  async #upgrade(protocol: Protocol, incoming: IncomingRequest): Promise<Response | undefined> {
    if (this.#isDraining) return this.#later.refuse("restart", "");
    const { request, url, server, peer } = incoming;
    const remoteAddress = this.#addressOf(incoming);
    const refusal = this.#upgrades.refuse(remoteAddress);
    if (refusal !== undefined) return this.#later.refuse(refusal, remoteAddress);
    const handshake = readHandshake({ url: url?.href ?? request.url, headers: request.headers });
    const denied = await protocol.authenticate?.({ ...handshake, url: new URL(handshake.href) }, remoteAddress);
    if (denied !== undefined) {
      this.#options.metrics.refusedUpgrades.inc({ reason: "unauthenticated" });
      return refused(request, denied);
    }
    // Meanwhile other clients may have connected, or the server may have begun to stop.
    const full = this.#isDraining ? "restart" : this.#upgrades.full(remoteAddress);
    if (full !== undefined) return this.#later.refuse(full, remoteAddress);
    const subprotocol = subprotocolFor(request.headers);
    const upgraded = server.upgrade(request, {
      data: { protocol, ...handshake, remoteAddress, peer, attached: undefined },
      ...(subprotocol === undefined ? {} : { headers: { "sec-websocket-protocol": subprotocol } }),
    });
    return upgraded ? undefined : new Response("Not a WebSocket handshake\n", { status: 400 });
  }

  #addressOf({ request, peer }: IncomingRequest): string {
    return this.#forwarded.of(peer.address, request.headers);
  }

  #wireOf(socket: Socket, server: SocketServer): Wire<WebSocketConnection> {
    const { protocol } = socket.data;
    // The id is unique in the whole server: rooms identify their members by it.
    const id = String(this.#opened);
    return {
      protocol,
      handshake: socket.data,
      connect: (owner) => new WebSocketConnection({ id, socket, server }, owner, this.#connectionOptions),
    };
  }
}

function peerOf(request: Request, server: SocketServer): Peer {
  const { address, port } = server.requestIP(request) ?? { address: "", port: 0 };
  return { address, port, name: peerName(address, port), localPort: server.port ?? 0 };
}

function portsOf({ port, protocols, fetch, compatibility }: ListenerOptions): readonly ListeningPort[] {
  const find = (url: URL) => protocols.find((protocol) => protocol.match(url));
  const compatible = (url: URL) => protocols.find((protocol) => protocol.compatibility?.match(url) === true);
  const further = compatibility?.ports.map((each) => ({
    port: each,
    fetch: compatibility.fetch,
    find: (url: URL) => find(url) ?? compatible(url),
  }));
  return [{ port, fetch, find }, ...(further ?? [])];
}

/**
 * The request as protocols and routes read it: with the path that they compare, and `Upgrade` only if it asks for a
 * WebSocket. Programs that offer HTTP/2 send another `Upgrade`, which the server ignores.
 */
function asRead({ request, url }: IncomingRequest): Request {
  const hasForeignUpgrade = request.headers.has("upgrade") && !isUpgrade(request);
  if (url === null || (url.href === request.url && !hasForeignUpgrade)) return request;
  const { method, body, signal } = request;
  const headers = new Headers(request.headers);
  if (hasForeignUpgrade) headers.delete("upgrade");
  return new Request(url.href, { method, headers, body, signal });
}
