import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import { isLoopback } from "../lib/loopback.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { refuseForeign } from "./admission.ts";
import type { CloseReason } from "./close-reason.ts";
import type { NativeChannels } from "./native-channel.ts";
import type { Protocol } from "./protocol.ts";
import { SessionRunner } from "./session-runner.ts";
import type { SocketData, SocketServer } from "./websocket-connection.ts";

export interface ListenerOptions {
  /** A hostname or address. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly protocols: readonly Protocol[];
  /** Answers every request that is not an upgrade. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly channels: NativeChannels;
  readonly limits: Limits;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Seconds without a byte from a client, pongs included, after which its socket is closed; pings are sent before. */
const idleTimeoutSeconds = 120;
/** Bytes; see `maxPayloadLength`. */
const smallestPayloadLimit = 16 * 2 ** 20;
/** Seconds that a client refused for a restart, or for a crowd, should wait. */
const restartSeconds = 2;
const crowdSeconds = 1;

/** One port: upgrades go to the protocol that answers the URL, everything else to HTTP. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: SocketServer;
  readonly #runners = new Set<SessionRunner>();
  readonly #isLoopback: boolean;
  readonly #upgrades: TokenBucket;
  #opened = 0;
  #isDraining = false;
  #allEnded: (() => void) | undefined;

  /** Throws the system's error (EADDRINUSE, EACCES, …) when it cannot listen. */
  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#isLoopback = isLoopback(options.host);
    const { upgradeBurst, upgradesPerSecond } = options.limits;
    this.#upgrades = new TokenBucket({ burst: upgradeBurst, perSecond: upgradesPerSecond, clock: options.clock });
    this.#server = this.#serve();
    options.channels.add(this.#server);
  }

  get port(): number {
    return this.#server.port ?? this.#options.port;
  }

  /** Refuses new connections from now on; the open ones stay. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Closes every connection with `reason`, and resolves when all their sessions have ended and the port is free. */
  async close(reason: CloseReason): Promise<void> {
    this.drain();
    const allEnded = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    for (const runner of this.#runners) runner.connection.close(reason);
    if (this.#runners.size > 0) await allEnded;
    this.#options.channels.remove(this.#server);
    await this.#server.stop(true);
  }

  #serve(): SocketServer {
    const { host, port, protocols, log } = this.#options;
    const runnerOptions = {
      ...this.#options,
      ended: (runner: SessionRunner) => {
        this.#runners.delete(runner);
        if (this.#runners.size === 0) this.#allEnded?.();
      },
    };
    return Bun.serve<SocketData>({
      hostname: host,
      port,
      // Without this the executable answers errors with a page of stack traces.
      development: false,
      // Which switches this on by itself: a second server on the port would share its connections without a word.
      reusePort: false,
      fetch: (request, server) => this.#answer(request, server),
      error: (error) => {
        log.error({ event: "request-crashed", err: error });
        return new Response("Internal error\n", { status: 500 });
      },
      websocket: {
        // Above our own limits: Bun's own refusal is 1009, which y-websocket retries for ever, and lib0 without delay.
        maxPayloadLength: Math.max(smallestPayloadLimit, ...protocols.map(({ frameBytes }) => 2 * frameBytes)),
        // Past this Bun would drop frames without a word; the outbox limit is ours and closes long before.
        backpressureLimit: 2 ** 30,
        idleTimeout: idleTimeoutSeconds,
        sendPings: true,
        // 19 times the CPU per frame.
        perMessageDeflate: false,
        open: (socket) => {
          socket.binaryType = "uint8array";
          this.#opened += 1;
          const runner = new SessionRunner(String(this.#opened), socket, this.#server, runnerOptions);
          socket.data.attached = runner;
          this.#runners.add(runner);
        },
        message: (socket, frame) => socket.data.attached?.receive(frame),
        drain: (socket) => socket.data.attached?.connection.wrote(),
        close: (socket) => socket.data.attached?.gone(),
      },
    });
  }

  async #answer(request: Request, server: SocketServer): Promise<Response | undefined> {
    const refusal = this.#isLoopback ? refuseForeign(request.headers) : undefined;
    if (refusal !== undefined) return closing(request, new Response(refusal.message, { status: refusal.status }));
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return this.#upgrade(request, server);
    return closing(request, await this.#options.fetch(request));
  }

  #upgrade(request: Request, server: SocketServer): Response | undefined {
    const url = new URL(request.url);
    const protocol = this.#options.protocols.find((candidate) => candidate.match(url));
    if (protocol === undefined) return new Response("No WebSocket is served on this path\n", { status: 404 });
    if (this.#isDraining) return this.#refuse("restart", restartSeconds);
    // Those who are turned away wait by their own backoff; those who are in are served meanwhile.
    if (!this.#upgrades.take()) return this.#refuse("crowd", crowdSeconds);
    // Browsers fail a socket whose offered subprotocols are answered by none.
    const subprotocol = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
    const upgraded = server.upgrade(request, {
      data: { protocol, url, attached: undefined },
      ...(subprotocol ? { headers: { "sec-websocket-protocol": subprotocol } } : {}),
    });
    return upgraded ? undefined : new Response("Not a WebSocket handshake\n", { status: 400 });
  }

  #refuse(reason: "restart" | "crowd", retryAfterSeconds: number): Response {
    this.#options.metrics.refusedUpgrades.inc({ reason });
    return new Response("Come back later\n", { status: 503, headers: { "retry-after": String(retryAfterSeconds) } });
  }
}

/** Bun closes after `Connection: close` without saying so, on which keep-alive agents fail every second request. */
function closing(request: Request, response: Response): Response {
  if (request.headers.get("connection")?.toLowerCase() === "close") response.headers.set("connection", "close");
  return response;
}
