import { Hono } from "hono";
import type { Authorizer } from "../auth/authorizer.ts";
import { handshakeToken } from "../rooms/access-request.ts";
import { httpStatusOf } from "../rooms/denial.ts";
import { SessionError } from "../transport/close-reason.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import type { Handshake, Protocol, ProtocolSession } from "../transport/protocol.ts";
import { BoundExceeded, decodeJson, type JsonMessage, type JsonObject } from "./json-codec.ts";
import type { SignalingLimits } from "./limits.ts";
import type { Quota, Quotas } from "./quotas.ts";

/**
 * A signaling protocol of JSON objects that shares its URLs with others: to add one, write a folder with a codec and a
 * session, and one line in `server.ts`.
 */
export interface JsonDialect {
  readonly name: string;
  /** Whether a client that begins with this message speaks the dialect. */
  recognises(fields: JsonObject): boolean;
  open(client: SignalingClient): DialectSession;
  /** HTTP routes that belong to the wire format. */
  readonly routes?: Hono;
}

/** A connection as a dialect's session needs it. */
export interface SignalingClient {
  readonly connection: Connection;
  readonly handshake: Handshake;
  readonly quota: Quota;
}

/** One dialect's state on one connection; as `ProtocolSession`, of messages instead of frames. */
export interface DialectSession {
  receive(message: JsonMessage): void | Promise<void>;
  /** Tells the client of a frame that is no message, where the dialect has words for that; else its session ends. */
  malformed?(detail: string): void | Promise<void>;
  closed(): void;
}

export interface DialectsOptions {
  /** The first that recognises a message takes the connection. */
  readonly dialects: readonly JsonDialect[];
  readonly authorizer: Authorizer;
  readonly limits: SignalingLimits;
  readonly quotas: Quotas;
}

/** The JSON dialects on `/` and `/signal`: which one a connection speaks is settled by its first message. */
export function jsonDialects(options: DialectsOptions): Protocol {
  const routes = new Hono();
  for (const dialect of options.dialects) if (dialect.routes !== undefined) routes.route("/", dialect.routes);
  return {
    name: "json-signaling",
    frameBytes: options.limits.signalingFrameBytes,
    // lib0's WebsocketClient forgets its backoff at each open, so it reconnects at once when it is accepted and then
    // closed: 1,600 times in 3 s. Muted, it gives up by itself after 30 s to 45 s without an answer to its pings.
    closeDelayMs: 60_000,
    inboxOverflow: "mute",
    match: ({ pathname }) => pathname === "/" || pathname === "/signal",
    compatibility: { match: () => true },
    // As long as it is not accepted at all, that client waits by its backoff. Without a token it may be let in: one comes
    // later in some dialects, and in the others each room is refused.
    authenticate: async (handshake) => {
      const denial = await options.authorizer.authenticate(handshakeToken(handshake));
      return denial && { status: httpStatusOf(denial), message: `${denial.reason}\n` };
    },
    routes,
    open: (connection, handshake) => new PinnedSession(connection, handshake, options),
  };
}

/** Hands messages to the dialect that recognised the first one; what comes before, no dialect knows, and is ignored. */
class PinnedSession implements ProtocolSession, SignalingClient {
  readonly connection: Connection;
  readonly handshake: Handshake;
  readonly quota: Quota;
  readonly #options: DialectsOptions;
  #session: DialectSession | undefined;

  constructor(connection: Connection, handshake: Handshake, options: DialectsOptions) {
    this.connection = connection;
    this.handshake = handshake;
    this.quota = options.quotas.open(connection, handshake);
    this.#options = options;
  }

  receive(frame: Frame): void | Promise<void> {
    this.quota.frameReceived();
    try {
      const message = decodeJson(frame, this.#options.limits.jsonDepth);
      this.#session ??= this.#pin(message.fields);
      return this.#session?.receive(message);
    } catch (error) {
      return this.#refused(error);
    }
  }

  closed(): void {
    this.#session?.closed();
    this.quota.closed();
  }

  #pin(fields: JsonObject): DialectSession | undefined {
    const dialect = this.#options.dialects.find(({ recognises }) => recognises(fields));
    return dialect?.open(this);
  }

  #refused(error: unknown): void | Promise<void> {
    if (error instanceof BoundExceeded) this.quota.met(error.bound);
    if (!(error instanceof SessionError) || this.#session?.malformed === undefined) throw error;
    return this.#session.malformed(error.message);
  }
}
