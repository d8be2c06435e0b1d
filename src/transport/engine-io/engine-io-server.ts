import { type BunWebSocket, Server, type WebSocketData } from "@socket.io/bun-engine";
import { ByteBudget } from "../../lib/byte-budget.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { LimitedLog } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { readHandshake } from "../client-handshake.ts";
import { type CloseReason, closeReasons, SessionError } from "../close-reason.ts";
import { type Connection, type Frame, frameBytes } from "../connection.ts";
import type { EngineClient } from "../engine.ts";
import type { TransportLimits } from "../limits.ts";
import type { Outboxes } from "../outboxes/outboxes.ts";
import type { Protocol } from "../protocol.ts";
import type { Scheduler } from "../scheduling/scheduler.ts";
import { SessionRunner, type Wire } from "../session-runner.ts";
import { EngineIoConnection, type EngineSession } from "./engine-io-connection.ts";
import { countPackets, joinPackets, PacketGate, splitPackets } from "./packet-gate.ts";

export interface EngineIoServerOptions {
  /** The protocol that Engine.IO's messages carry. */
  readonly protocol: Protocol;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
  /** A session has begun, and ended. */
  readonly opened: (remoteAddress: string) => void;
  readonly closed: (remoteAddress: string) => void;
}

/** The library's session type, taken from its event handlers: the library does not export it. */
type Session = Extract<Parameters<Parameters<Server["on"]>[1]>[0], { readonly readyState: unknown }>;
type EngineServer = Parameters<Server["handleRequest"]>[1];
type Runner = SessionRunner<EngineIoConnection>;

interface EngineSide {
  readonly session: Session;
  readonly gate: PacketGate;
}

/** The runner of a session of the engine, and the gate before the session. */
interface GatedSession {
  readonly gate: PacketGate;
  readonly runner: Runner;
  /** True while a request of the session brings packets. Clients send one such request at a time. */
  isPosting: boolean;
}

/** The time for which a close message waits for the next poll. */
const closeMessageMs = 1_000;
/** The digit before each message, its packet type. */
const packetTypeBytes = 1;
/** A message of this many times the bound is still read, so that it can be refused alone. A larger one ends its session. */
const readableFrames = 16;
/** Engine.IO's own interval. The sockets' pings come later: those of the engine are enough for both. */
const maxPingIntervalMs = 25_000;
/**
 * The packets by which a WebSocket takes over a session from polling. The engine starts an interval for each probe, and
 * stops only the last one.
 */
const takeoverPackets: readonly Frame[] = ["2probe", "5"];

/** The library that speaks Engine.IO, between our sockets and our sessions. */
export class EngineIoServer {
  readonly #options: EngineIoServerOptions;
  readonly #engine: Server;
  readonly #limitedLog: LimitedLog;
  /** Taken by the bodies that are incomplete, and larger than a client's first frame may be. */
  readonly #bodyBudget: ByteBudget;
  readonly #clients = new WeakMap<Request, EngineClient>();
  readonly #runners = new Set<Runner>();
  /** The sessions by their id, and by the transport that carries them. */
  readonly #sessions = new Map<string, GatedSession>();
  readonly #carried = new WeakMap<object, GatedSession>();
  #opened = 0;
  /** The wait of all calls of `close`; undefined when no call waits. */
  #allEnded: PromiseWithResolvers<void> | undefined;

  constructor(options: EngineIoServerOptions) {
    this.#options = options;
    this.#limitedLog = new LimitedLog(options.log, options.clock);
    this.#bodyBudget = new ByteBudget(options.limits.unfinishedFrameBytes);
    this.#engine = new Server({
      maxHttpBufferSize: this.#readableBytes,
      pingInterval: Math.min(maxPingIntervalMs, options.limits.idlePingMs),
      pingTimeout: options.limits.pingAnswerMs,
      // No cookies are set. `EngineIo` sets afterwards which pages may read the answers.
      cors: { origin: "*", methods: ["GET", "POST"] },
    });
    this.#engine.on("connection", (session, request) => this.#open(session, request));
  }

  async answer(request: Request, client: EngineClient): Promise<Response | undefined> {
    const bounded = request.method === "POST" ? await this.#receiveBody(request) : request;
    if (bounded instanceof Response) return bounded;
    this.#clients.set(bounded, client);
    let isUpgraded = false;
    const server = {
      upgrade: (_: Request, { headers, data }: { readonly headers: Headers; readonly data: WebSocketData }) => {
        isUpgraded = client.upgrade(this.#socketProtocol(data), headers);
        return isUpgraded;
      },
    };
    try {
      // The library calls nothing of the server but this.
      const response = await this.#engine.handleRequest(bounded, server as unknown as EngineServer);
      return isUpgraded ? undefined : response;
    } catch (error) {
      // The library throws when a session ends while its request is handled.
      this.#options.log.debug({ event: "engine-request-failed", err: error });
      return new Response("Bad request\n", { status: 400 });
    }
  }

  async close(reason: CloseReason): Promise<void> {
    for (const { connection } of this.#runners) connection.close(reason);
    if (this.#runners.size === 0) return;
    this.#allEnded ??= Promise.withResolvers();
    await this.#allEnded.promise;
  }

  get #readableBytes(): number {
    return readableFrames * this.#options.protocol.frameBytes;
  }

  /** The request with the packets that the engine may handle, or the answer to it. The library would read any body. */
  async #receiveBody(request: Request): Promise<Request | Response> {
    const { url, headers, signal } = request;
    const session = this.#sessions.get(new URL(url).searchParams.get("sid") ?? "");
    // The engine refuses a session that it does not know without the body.
    if (session === undefined) return new Request(url, { method: "POST", headers, signal });
    if (session.isPosting) {
      session.runner.connection.refuse(closeReasons.malformedFrame, "a POST began before the last one had ended");
      return new Response("One POST at a time\n", { status: 400 });
    }
    session.isPosting = true;
    try {
      const body = await this.#readBody(request, session);
      if (body instanceof Response) return body;
      if (!this.#take(session, countPackets(body))) return new Response("Too many packets\n", { status: 429 });
      const packets = splitPackets(body.toString()).filter((packet) => this.#isForEngine(session, packet));
      // The engine ends the session for an empty body.
      if (packets.length === 0) return new Response("ok");
      return new Request(url, { method: "POST", headers, body: joinPackets(packets), signal });
    } finally {
      session.isPosting = false;
    }
  }

  /** The body, or the answer to a request whose body is too large, or whose session has ended meanwhile. */
  async #readBody({ body }: Request, { runner }: GatedSession): Promise<Buffer | Response> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let takenBytes = 0;
    try {
      for await (const chunk of body ?? []) {
        bytes += chunk.byteLength;
        if (bytes > this.#readableBytes) return new Response("Too large\n", { status: 413 });
        if (!runner.connection.isOpen) return new Response("The session has ended\n", { status: 400 });
        if (bytes > this.#options.limits.firstFrameBytes) {
          if (!this.#bodyBudget.take(bytes - takenBytes)) return this.#refuseBody();
          takenBytes = bytes;
        }
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } finally {
      this.#bodyBudget.give(takenBytes);
    }
  }

  #refuseBody(): Response {
    this.#options.metrics.bounds.met("limits.unfinished-frame-bytes");
    return new Response("Too many bodies\n", { status: 503 });
  }

  /** Whether the session may bring so many packets now; otherwise it ends. */
  #take({ gate, runner }: GatedSession, packets: number): boolean {
    if (gate.take(packets)) return true;
    runner.connection.refuse(closeReasons.rateLimited, `limits.engine-packet-burst: ${packets} packets at once`);
    return false;
  }

  #isForEngine({ gate, runner }: GatedSession, packet: Frame): boolean {
    const kind = gate.kindOf(packet);
    if (kind === "pong") runner.connection.heard();
    if (kind === "unsolicited") this.#options.metrics.ignoredMessages.inc({ protocol: this.#options.protocol.name });
    return kind === "other";
  }

  /** The protocol of a WebSocket that carries a session. */
  #socketProtocol(data: WebSocketData): Protocol {
    return {
      name: "engine.io",
      frameBytes: this.#readableBytes + packetTypeBytes,
      frameBytesOption: this.#options.protocol.frameBytesOption,
      match: () => false,
      open: (connection) => {
        const socket = asBunSocket(connection, data);
        this.#engine.onWebSocketOpen(socket);
        let takeover = 0;
        return {
          receive: (frame) => {
            const session = this.#carried.get(data.transport);
            if (session === undefined) {
              if (frame !== takeoverPackets[takeover])
                throw new SessionError(closeReasons.malformedFrame, "neither a probe nor an upgrade, in this order");
              takeover += 1;
            } else if (!this.#take(session, 1) || !this.#isForEngine(session, frame)) {
              return;
            }
            this.#engine.onWebSocketMessage(socket, frame);
          },
          closed: () => this.#engine.onWebSocketClose(socket, closeReasons.finished.code, ""),
        };
      },
    };
  }

  #open(session: Session, request: Request): void {
    const remoteAddress = this.#clients.get(request)?.remoteAddress ?? "";
    this.#opened += 1;
    this.#options.opened(remoteAddress);
    const gate = new PacketGate(this.#options);
    session.on("packetCreate", ({ type }) => type === "ping" && gate.pinged());
    const runner: Runner = new SessionRunner(this.#wireOf({ session, gate }, request, remoteAddress), {
      ...this.#options,
      limitedLog: this.#limitedLog,
      ended: () => {
        this.#runners.delete(runner);
        this.#options.closed(remoteAddress);
        if (this.#runners.size > 0) return;
        this.#allEnded?.resolve();
        this.#allEnded = undefined;
      },
    });
    this.#runners.add(runner);
    const gated: GatedSession = { gate, runner, isPosting: false };
    this.#sessions.set(session.id, gated);
    this.#carried.set(session.transport, gated);
    session.on("upgrade", (transport) => this.#carried.set(transport, gated));
    session.on("data", (frame) => {
      runner.connection.heard();
      runner.receive(typeof frame === "string" ? frame : bytesOf(frame));
    });
    session.on("drain", () => runner.connection.wrote());
    session.on("heartbeat", () => runner.connection.heard());
    session.on("close", (reason) => {
      this.#sessions.delete(session.id);
      // The session has ended, but not by its client: the close is to be logged and counted.
      if (reason === "ping timeout") runner.connection.unanswered();
      runner.gone();
    });
  }

  #wireOf({ session, gate }: EngineSide, request: Request, remoteAddress: string): Wire<EngineIoConnection> {
    const { clock, protocol, limits, metrics, outboxes, scheduler } = this.#options;
    const traffic = metrics.traffic.of(protocol.name);
    const id = `engine.io ${this.#opened}`;
    return {
      protocol,
      handshake: readHandshake(request),
      connect: (owner) =>
        new EngineIoConnection({
          id,
          remoteAddress,
          protocol: protocol.name,
          openedAt: clock.now(),
          session: this.#asSession({ session, gate }),
          owner,
          scheduler,
          outboxes,
          limits,
          traffic,
        }),
    };
  }

  #asSession({ session, gate }: EngineSide): EngineSession {
    return {
      write: (frame) => {
        session.write(typeof frame === "string" ? frame : Buffer.from(frame));
      },
      ping: () => {
        gate.pingedByServer();
        // The method is private in the library's types, and the only one. Clients answer an extra ping like any other.
        (session as unknown as { sendPacket(type: "ping"): void }).sendPacket("ping");
      },
      close: () => {
        session.close();
        // Otherwise packets that wait for a poll would keep the session open when no poll comes.
        if (session.readyState !== "closed") this.#options.clock.after(closeMessageMs, () => session.transport.close());
      },
    };
  }
}

function bytesOf(source: ArrayBufferLike | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

/** The library calls nothing else of a socket. */
function asBunSocket(connection: Connection, data: WebSocketData): BunWebSocket {
  const socket = {
    data,
    get readyState() {
      return connection.isOpen ? WebSocket.OPEN : WebSocket.CLOSED;
    },
    send: (frame: string | Uint8Array) => {
      connection.send(frame);
      return frameBytes(frame);
    },
    close: () => connection.close(closeReasons.finished),
  };
  return socket as unknown as BunWebSocket;
}
