import type { Server, ServerWebSocket } from "bun";
import type { Clock } from "../lib/time/clock.ts";
import type { HandshakeFacts } from "./client-handshake.ts";
import { type CloseReason, closeReasons, SessionError } from "./close-reason.ts";
import { ClosingSocket } from "./closing-socket.ts";
import type { Connection, Frame } from "./connection.ts";
import type { TransportLimits } from "./limits.ts";
import type { Protocol } from "./protocol.ts";

/** The data that an upgrade attaches to its socket. */
export interface SocketData extends HandshakeFacts {
  readonly protocol: Protocol;
  /** Kept from the handshake: asking the socket for it takes as long as accepting the socket. */
  readonly remoteAddress: string;
  /** Runs the session that belongs to the socket; set when the socket opens. */
  attached: AttachedSession | undefined;
}

/** The receiving half of a connection, as the socket's events see it. */
export interface AttachedSession {
  receive(frame: Frame): void;
  /** The socket is closed, by either side. */
  gone(): void;
  readonly connection: WebSocketConnection;
}

export type Socket = ServerWebSocket<SocketData>;
export type SocketServer = Server<SocketData>;

export function frameBytes(frame: Frame): number {
  return typeof frame === "string" ? Buffer.byteLength(frame) : frame.byteLength;
}

/** The owner that a connection reports its end and its errors to. */
export interface ConnectionOwner {
  /** Our side ends the connection; `detail` as in `Connection.close`. */
  closed(reason: CloseReason, detail: string | undefined): void;
  /** A task that waited for the last byte has thrown, or a session refuses its client. */
  failed(error: unknown): void;
}

/** A client that has more unsent bytes than this many outboxes when it is closed is not waited for. */
const closingOutboxes = 2;

/** The parts that all connections of a listener share. */
export interface WebSocketConnectionOptions {
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

/** A connection over one of Bun's WebSockets. */
export class WebSocketConnection implements Connection {
  readonly id: string;
  readonly remoteAddress: string;
  readonly socket: Socket;
  readonly server: SocketServer;
  readonly #options: WebSocketConnectionOptions;
  readonly #owner: ConnectionOwner;
  #isOpen = true;
  /** Defined while the client is to receive what was sent to it before our side closed. */
  #closing: ClosingSocket | undefined;
  /** The part of `unsentBytes` that is snapshots; an upper bound, as the buffer does not tell which bytes are sent. */
  #snapshotBytes = 0;
  #drained: (() => void)[] | undefined;
  #pinged: ((isAlive: boolean) => void)[] | undefined;

  constructor(
    { id, socket, server }: { readonly id: string; readonly socket: Socket; readonly server: SocketServer },
    owner: ConnectionOwner,
    options: WebSocketConnectionOptions,
  ) {
    this.id = id;
    this.remoteAddress = socket.data.remoteAddress;
    this.socket = socket;
    this.server = server;
    this.#options = options;
    this.#owner = owner;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unsentBytes(): number {
    return this.socket.getBufferedAmount();
  }

  send(frame: Frame): void {
    if (!this.#isOpen) return;
    this.socket.send(frame);
    this.checkOutbox();
  }

  cork(task: () => void): void {
    if (this.#isOpen) this.socket.cork(task);
    else task();
  }

  sendSnapshot(frame: Frame): void {
    if (!this.#isOpen) return;
    this.socket.send(frame);
    if (this.unsentBytes > 0) this.#snapshotBytes += frameBytes(frame);
    const { unsentBytes } = this;
    if (unsentBytes > this.#options.limits.snapshotBytes) this.#overload("limits.snapshot-bytes", unsentBytes);
  }

  drained(task: () => void): void {
    if (!this.#isOpen) return;
    if (this.unsentBytes === 0) {
      task();
    } else {
      this.#drained ??= [];
      this.#drained.push(task);
    }
  }

  ping(answered: (isAlive: boolean) => void): void {
    if (this.#isOpen) {
      this.#pinged ??= [];
      this.#pinged.push(answered);
      this.socket.ping();
    } else {
      answered(false);
    }
  }

  /** A pong has come. It answers every ping before it: each pong shows that the client is alive. */
  ponged(): void {
    if (this.#closing === undefined) this.#answerPings(true);
    else this.#closing.ponged();
  }

  refuse(reason: CloseReason, detail: string): void {
    this.#owner.failed(new SessionError(reason, detail));
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drained = undefined;
    this.#owner.closed(reason, detail);
    this.#closeSocket(reason);
    this.#answerPings(false);
  }

  /** Does not wait any longer until the client of a closed connection has received everything. Idempotent. */
  abandon(): void {
    this.#closing?.close();
  }

  /** Closes the connection when its client reads too slowly. */
  checkOutbox(): void {
    const unsent = this.unsentBytes;
    if (unsent === 0) this.#snapshotBytes = 0;
    else if (unsent - this.#snapshotBytes > this.#options.limits.outboxBytes)
      this.#overload("limits.outbox-bytes", unsent - this.#snapshotBytes);
  }

  /** The kernel took some of the unsent bytes. */
  wrote(): void {
    if (!this.#isOpen || this.unsentBytes > 0) return;
    this.#snapshotBytes = 0;
    const tasks = this.#drained ?? [];
    this.#drained = undefined;
    try {
      for (const task of tasks) task();
    } catch (error) {
      this.#owner.failed(error);
    }
  }

  /** The socket closed from the other side, or broke. */
  lost(): void {
    this.#isOpen = false;
    this.#drained = undefined;
    this.#closing?.lost();
    this.#closing = undefined;
    this.#answerPings(false);
  }

  #overload(bound: string, unsentBytes: number): void {
    this.close(closeReasons.overloaded, `${bound}: ${unsentBytes} unsent bytes`);
  }

  /** The socket's close event follows, at the latest after `limits.closingMs`. */
  #closeSocket(reason: CloseReason): void {
    const { socket, unsentBytes } = this;
    const { clock, limits } = this.#options;
    // A snapshot may hold much memory, and a slow reader takes long for it.
    const isWaitedFor = unsentBytes > 0 && unsentBytes <= closingOutboxes * limits.outboxBytes;
    if (isWaitedFor) this.#closing = new ClosingSocket({ socket, reason, clock, withinMs: limits.closingMs });
    else socket.close(reason.code, reason.name);
  }

  #answerPings(isAlive: boolean): void {
    const waiting = this.#pinged ?? [];
    this.#pinged = undefined;
    for (const answered of waiting) answered(isAlive);
  }
}
