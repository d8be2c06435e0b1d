import type { Hono } from "hono";
import type { CloseReason } from "./close-reason.ts";
import type { Connection, Frame } from "./connection.ts";

/** The facts of the request that opened a connection. */
export interface Handshake {
  readonly url: URL;
  /** The origin of the page that the client runs in, as its browser sends it. */
  readonly origin?: string | undefined;
  /** The token that came beside the URL: `Authorization: Bearer`, or a subprotocol. */
  readonly headerToken?: string | undefined;
  /** Aborts when the client disconnects: every wait on its behalf ends. */
  readonly signal: AbortSignal;
}

/** Why a request is not served at all: refused with an HTTP status, before any upgrade. */
export interface HttpRefusal {
  readonly status: number;
  readonly message: string;
}

/** The sender of an HTTP request, as the transport sees it. */
export interface HttpClient {
  readonly remoteAddress: string;
  /** Ends the deadline of its request, for an answer that takes long; undefined where there is none. */
  keepOpen?(): void;
}

/** The environment of Hono's routes: the facts beside the request. */
export interface HttpEnvironment {
  readonly Bindings: HttpClient;
}

/** A URL of this server in the banner. */
export interface Endpoint {
  /** The name that the protocol's users know. */
  readonly label: string;
  /** How clients begin; the listener knows whether that is encrypted. */
  readonly scheme: "http" | "ws";
  readonly path: string;
  /** The path of its WebSockets, where clients append to `path`. */
  readonly webSocketPath?: string;
}

/**
 * A wire protocol. To add one, write a folder with a codec and a session, and one line in the part that serves it:
 * `composition/relay.ts` for documents, `composition/signaling.ts` for signaling.
 */
export interface Protocol {
  readonly name: string;
  /** Undefined for a protocol that clients reach by another one. */
  readonly endpoint?: Endpoint;
  /** The largest frame a client may send; a larger one is refused, by `ProtocolSession.oversized` or with the session. */
  readonly frameBytes: number;
  /** The name of the option that sets `frameBytes`, for the log and for clients. */
  readonly frameBytesOption: string;
  /**
   * How long a connection that broke the protocol stays open, ignored, before it is closed.
   *
   * For clients that reconnect without delay when an accepted connection is closed (lib0's WebsocketClient).
   */
  readonly closeDelayMs?: number;
  /**
   * The treatment of a client whose frames wait: by default its socket is not read while they are more than
   * `limits.readAheadBytes`. With `refuse` it is read, and more than `limits.inboxBytes` end its session with
   * `rate-limited`.
   */
  readonly inboxOverflow?: "refuse";
  /**
   * Whether the sessions call `Connection.admit` themselves, since they authorize their clients by messages. By default a
   * client is admitted when an asynchronous `open` has resolved, and else by its first complete message.
   */
  readonly admitsClients?: true;
  /** How the protocol tells its client why its connection is about to be closed, where it has words for that. */
  closeMessage?(reason: CloseReason, detail: string): Frame | undefined;
  /**
   * Whether this protocol answers an upgrade of this URL. Its path has no base path, single slashes and no slash at the
   * end; a name behind one of `namePrefixes` is as the client sent it.
   */
  match(url: URL): boolean;
  /** The paths behind which a name follows, with the slash at their ends. */
  readonly namePrefixes?: readonly string[];
  /**
   * Checks the credentials before the upgrade, without a room, and returns why the client is refused. For protocols whose
   * clients reconnect without delay when they are accepted and then closed.
   */
  authenticate?(handshake: Omit<Handshake, "signal">, remoteAddress: string): Promise<HttpRefusal | undefined>;
  /** HTTP routes that belong to the wire format. The transport sets which pages may read their answers. */
  readonly routes?: Hono;
  /** The further URLs and routes on the compatibility ports, for clients whose port and path are fixed. */
  readonly compatibility?: { match(url: URL): boolean; readonly routes?: Hono };
  /** Frames that arrive before the session is open wait for it. Throwing `SessionError` refuses the connection. */
  open(connection: Connection, handshake: Handshake): ProtocolSession | Promise<ProtocolSession>;
}

/** One protocol's state on one connection. */
export interface ProtocolSession {
  /**
   * Handles one frame; calls never overlap and come in order of arrival.
   *
   * While a returned promise is pending, later frames wait. Throwing `SessionError` ends this session only; any other
   * error is ours and closes the connection with `internal-error`.
   */
  receive(frame: Frame): void | Promise<void>;
  /**
   * In place of `receive`, for a frame larger than `Protocol.frameBytes`: refuses this frame alone. `detail` names the
   * bound. Without it such a frame ends the session with `frame-too-large`.
   */
  oversized?(frame: Frame, detail: string): void | Promise<void>;
  /** Exactly once, after the last `receive` has settled. */
  closed(): void;
}
