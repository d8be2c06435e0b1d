import { Hono } from "hono";
import type { Authorizer } from "../auth/authorizer.ts";
import type { Metrics } from "../ops/metrics.ts";
import { handshakeToken } from "../rooms/access-request.ts";
import { httpStatusOf } from "../rooms/denial.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import type { Handshake, Protocol, ProtocolSession } from "../transport/protocol.ts";
import { BoundExceeded, decodeJson, type JsonMessage, type JsonObject } from "./json-codec.ts";
import type { SignalingLimits } from "./limits.ts";
import type { Deliverer, Quota, Quotas, SignalingBound } from "./quotas.ts";

/**
 * A signaling protocol of JSON objects that shares its URLs with others. To add one, write a folder with a codec and a
 * session, and one line in `composition/signaling.ts`.
 */
export interface JsonDialect {
  readonly name: string;
  /** Whether a client whose first message this is speaks the dialect. */
  recognises(fields: JsonObject): boolean;
  open(client: SignalingClient): DialectSession;
  /** HTTP routes that belong to the wire format. */
  readonly routes?: Hono;
}

/** The client of a dialect's session. */
export interface SignalingClient {
  readonly connection: Connection;
  readonly handshake: Handshake;
  readonly quota: Quota;
  /** Counts a message of the client that the dialect does not know. */
  ignored(): void;
}

/** One dialect's state on one connection: a `ProtocolSession` that receives messages instead of frames. */
export interface DialectSession {
  receive(message: JsonMessage): void | Promise<void>;
  /** Answers a frame that is not a message. Undefined in a dialect without an error message: the session then ends. */
  malformed?(detail: string): void | Promise<void>;
  /** Answers a message that exceeds a bound, which `detail` names. Without an error message it is dropped in silence. */
  refused?(detail: string): void;
  closed(): void;
}

export interface DialectsOptions {
  /** The first dialect in this list that recognises a message gets the connection. */
  readonly dialects: readonly JsonDialect[];
  readonly authorizer: Authorizer;
  readonly limits: SignalingLimits;
  readonly quotas: Quotas;
  readonly metrics: Pick<Metrics, "ignoredMessages" | "traffic">;
}

const name = "json-signaling";
const foreignClient = "a binary frame instead of a message: clients of documents use /sync or /collab";

/** The JSON dialects on `/` and `/signal`. The first message that a dialect recognises pins the connection to it. */
export function jsonDialects(options: DialectsOptions): Protocol {
  const routes = new Hono();
  for (const dialect of options.dialects) if (dialect.routes !== undefined) routes.route("/", dialect.routes);
  return {
    name,
    endpoint: { label: "y-webrtc", scheme: "ws", path: "/signal" },
    frameBytes: options.limits.signalingFrameBytes,
    frameBytesOption: "limits.signaling-frame-bytes",
    // lib0's WebsocketClient forgets its backoff at each open: a client that is accepted and then closed reconnects at
    // once, 1,600 times in 3 s. A client that is ignored gives up by itself after 30 s to 45 s without a pong.
    closeDelayMs: 60_000,
    inboxOverflow: "refuse",
    match: ({ pathname }) => pathname === "/" || pathname === "/signal",
    compatibility: { match: () => true },
    // A client that is refused before the upgrade keeps its backoff. A client without a token is accepted: in some
    // dialects the token comes later, and in the others each room is denied.
    authenticate: async (handshake, remoteAddress) => {
      const denial = await options.authorizer.authenticate(handshakeToken(handshake), remoteAddress);
      return denial && { status: httpStatusOf(denial), message: `${denial.reason}\n` };
    },
    routes,
    open: (connection, handshake) => new PinnedSession(connection, handshake, options),
  };
}

/** Passes messages to the dialect that recognised the first one. Messages before that one are ignored. */
class PinnedSession implements ProtocolSession, SignalingClient, Deliverer<string> {
  readonly connection: Connection;
  readonly handshake: Handshake;
  readonly quota: Quota;
  readonly #options: DialectsOptions;
  /** The name of the dialect, or of all dialects while the connection is pinned to none. */
  #protocol = name;
  #session: DialectSession | undefined;

  constructor(connection: Connection, handshake: Handshake, options: DialectsOptions) {
    this.connection = connection;
    this.handshake = handshake;
    this.quota = options.quotas.open(connection, handshake);
    this.#options = options;
  }

  receive(frame: Frame): void | Promise<void> {
    this.quota.frameReceived();
    if (frame.length === 0) return this.ignored();
    try {
      const message = decodeJson(frame, this.#options.limits.jsonDepth);
      this.#session ??= this.#pin(message.fields);
      return this.#session === undefined ? this.ignored() : this.#session.receive(message);
    } catch (error) {
      return this.#report(error, frame);
    }
  }

  ignored(): void {
    this.#options.metrics.ignoredMessages.inc({ protocol: this.#protocol });
  }

  oversized(_: Frame, detail: string): void | Promise<void> {
    this.quota.frameReceived();
    return this.#refuse("frame-bytes", detail);
  }

  /** Delivers the refusal of a message to this client. */
  deliver(detail: string): void {
    this.#session?.refused?.(detail);
  }

  closed(): void {
    this.#session?.closed();
    // The transport counts it as it was opened.
    if (this.#session !== undefined) this.#options.metrics.traffic.sessionForgotten(this.#protocol, name);
    this.quota.closed();
  }

  #pin(fields: JsonObject): DialectSession | undefined {
    const dialect = this.#options.dialects.find(({ recognises }) => recognises(fields));
    if (dialect === undefined) return undefined;
    this.#protocol = dialect.name;
    this.#options.metrics.traffic.sessionRecognised(name, dialect.name);
    return dialect.open(this);
  }

  #report(error: unknown, frame: Frame): void | Promise<void> {
    if (error instanceof BoundExceeded) return this.#refuse(error.bound, error.message);
    // No dialect begins with a binary frame that is no message. Document clients do: `/sync/..` leads them to `/`. They
    // would reconnect for ever to a server that never answers, but respect the code of a close.
    if (this.#session === undefined && typeof frame !== "string") {
      return this.connection.close(closeReasons.malformedFrame, foreignClient);
    }
    if (!(error instanceof SessionError) || this.#session?.malformed === undefined) throw error;
    return this.#session.malformed(error.message);
  }

  /** Refuses one message. It counts as a published one. */
  #refuse(bound: SignalingBound, detail: string): void | Promise<void> {
    this.quota.met(bound, detail);
    return this.quota.afterSpending(1, this, detail);
  }
}
