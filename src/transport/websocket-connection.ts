import type { Server, ServerWebSocket } from "bun";
import { kibibyte, mebibyte } from "../config/limit.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { ProtocolTraffic, TrafficMetrics } from "../ops/metrics/traffic.ts";
import type { HandshakeFacts } from "./client-handshake.ts";
import { type CloseReason, closeReasons, SessionError } from "./close-reason.ts";
import { ClosingSocket } from "./closing/closing-socket.ts";
import { type Connection, type Frame, frameBytes } from "./connection.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { TransportLimits } from "./limits.ts";
import type { Liveness, Watched } from "./liveness/liveness.ts";
import type { ReceiveQueues } from "./liveness/receive-queues.ts";
import type { Outbox, Outboxes } from "./outboxes/outboxes.ts";
import type { Protocol } from "./protocol.ts";
import type { Scheduler, WorkAccount } from "./scheduling/scheduler.ts";
import type { Peer } from "./unfinished/tcp-sockets.ts";
import { mostEstimatedBytes, type ReceivingConnection } from "./unfinished/unfinished-frames.ts";
import { frameWireBytes, tlsBytes } from "./unfinished/wire-bytes.ts";
import type { WorkKind } from "./work.ts";

/** The data that an upgrade attaches to its socket. */
export interface SocketData extends HandshakeFacts {
  readonly protocol: Protocol;
  /** Kept from the handshake: asking the socket for it takes as long as accepting the socket. */
  readonly remoteAddress: string;
  /** The other end of the socket. */
  readonly peer: Peer;
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

/** A frame of this size may take so long that its receiver is pinged after it. */
const largeBytes = 64 * kibibyte;
/** The rate of the slowest link on which a client still has time to answer a ping behind a large frame. */
const slowestBytesPerMs = 64;
/** The bytes that the buffers of two kernels, or those of a proxy, may hold together. */
const maxKernelBytes = 8 * mebibyte;
/** A client that has more unsent bytes than this many outboxes when it is closed is not waited for. */
const closingOutboxes = 2;

/** The parts that all connections of a listener share. */
export interface WebSocketConnectionOptions {
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly liveness: Liveness;
  readonly receiveQueues: ReceiveQueues;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
  readonly metrics: TrafficMetrics;
  /** As `UnfinishedFrames.estimated`; undefined without TLS. */
  readonly estimated: (() => void) | undefined;
}

/** A connection over one of Bun's WebSockets. */
export class WebSocketConnection implements Connection, Watched, ReceivingConnection, Outbox {
  readonly id: string;
  readonly remoteAddress: string;
  readonly openedAt: number;
  readonly socket: Socket;
  readonly server: SocketServer;
  readonly turns: WorkAccount;
  readonly traffic: ProtocolTraffic;
  readonly #options: WebSocketConnectionOptions;
  readonly #owner: ConnectionOwner;
  completeBytes = 0;
  estimatedBytes = 0;
  isAdmitted = false;
  heardAt = 0;
  pingedAt: number | undefined;
  heldFor: number | undefined;
  lookAt: number | undefined;
  #isOpen = true;
  #isReading = true;
  /** Whether nothing is read until it is known whether the client sends anything. */
  #isHeldBack = false;
  /** Whether nothing is read until the client's next turn. */
  #isSuspended = false;
  /** Defined while the client is to receive what was sent to it before our side closed. */
  #closing: ClosingSocket | undefined;
  /** The part of `unsentBytes` that is snapshots; an upper bound, as the buffer does not tell which bytes are sent. */
  #snapshotBytes = 0;
  /** The bytes of large frames, and of many small ones together, since the last pong. */
  #unconfirmedBytes = 0;
  /** Whether the unsent bytes are counted together with those of others. */
  #isCounted = false;
  #drained: (() => void)[] | undefined;
  #pinged: ((isAlive: boolean) => void)[] | undefined;

  constructor(
    { id, socket, server }: { readonly id: string; readonly socket: Socket; readonly server: SocketServer },
    owner: ConnectionOwner,
    options: WebSocketConnectionOptions,
  ) {
    this.id = id;
    this.remoteAddress = socket.data.remoteAddress;
    this.openedAt = options.clock.now();
    this.socket = socket;
    this.server = server;
    this.#options = options;
    this.#owner = owner;
    this.turns = options.scheduler.open(this);
    this.traffic = options.metrics.traffic.of(socket.data.protocol.name);
    this.traffic.connections += 1;
    options.liveness.watch(this);
    if (options.scheduler.isReadingSuspended) this.suspend();
  }

  get protocol(): string {
    return this.socket.data.protocol.name;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get peer(): string {
    return this.socket.data.peer.name;
  }

  get frameBytes(): number {
    return this.socket.data.protocol.frameBytes;
  }

  get isReading(): boolean {
    return this.#isReading && !this.#isSuspended;
  }

  /** While the kernel takes unsent bytes, the client is heard by that; this is about the bytes that the kernel has. */
  get sendingMs(): number {
    return this.unsentBytes > 0 ? 0 : Math.min(this.#unconfirmedBytes, maxKernelBytes) / slowestBytesPerMs;
  }

  get unsentBytes(): number {
    return this.socket.getBufferedAmount();
  }

  admit(): void {
    this.isAdmitted = true;
  }

  send(frame: Frame): void {
    if (!this.#isOpen) return;
    const taken = this.socket.send(frame);
    // The runtime returns the size of the frame, unless the kernel has not taken it all.
    this.traffic.sent(taken > 0 ? taken : frameBytes(frame));
    this.checkOutbox();
  }

  spend(kind: WorkKind, amount: number): void {
    this.turns.spend(kind, amount);
  }

  cork(task: () => void): void {
    if (this.#isOpen) this.socket.cork(task);
    else task();
  }

  sendSnapshot(frame: Frame): void {
    if (!this.#isOpen) return;
    const bytes = frameBytes(frame);
    this.socket.send(frame);
    this.traffic.sent(bytes);
    if (this.unsentBytes > 0) this.#snapshotBytes += bytes;
    if (bytes >= largeBytes) this.#awaitReceipt(bytes);
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
    // The answer of a client that is not read would not be seen: it counts as alive.
    if (!this.#isOpen || !this.isReading) {
      answered(this.#isOpen);
      return;
    }
    this.#pinged ??= [];
    this.#pinged.push(answered);
    this.sendPing();
  }

  sendPing(): void {
    this.socket.ping();
  }

  holdBack(): void {
    if (!this.#options.receiveQueues.areKnown) return;
    this.#isHeldBack = true;
    this.socket.pause();
  }

  unanswered(): void {
    void this.#closeUnlessSending();
  }

  /** A complete frame of the client has come, of whatever kind: its bytes are counted, with its header. */
  completed(bytes: number): void {
    this.completeBytes += frameWireBytes(bytes);
    const { estimated } = this.#options;
    if (estimated === undefined) return;
    this.estimatedBytes += tlsBytes(bytes);
    this.completeBytes += tlsBytes(bytes);
    if (this.estimatedBytes > mostEstimatedBytes) estimated();
  }

  /** The client has sent a frame, of whatever kind. It answers every ping before it: the client is alive. */
  received(): void {
    this.#heard();
    if (this.#pinged !== undefined) this.#answerPings(true);
  }

  /** A pong has come. */
  ponged(): void {
    this.received();
    this.#unconfirmedBytes = 0;
    this.#closing?.ponged();
  }

  /** Reads nothing from the client until `resume`. */
  pause(): void {
    this.#isReading = false;
    this.socket.pause();
  }

  resume(): void {
    this.#isReading = true;
    this.#heard();
    this.#readAgain();
  }

  suspend(): void {
    if (!this.#isOpen || this.#isSuspended) return;
    this.#isSuspended = true;
    this.socket.pause();
    this.turns.wait(() => {
      this.#isSuspended = false;
      this.#heard();
      this.#readAgain();
    });
  }

  refuse(reason: CloseReason, detail: string): void {
    this.#owner.failed(new SessionError(reason, detail));
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drained = undefined;
    this.#options.liveness.unwatch(this);
    this.#readOn();
    this.#owner.closed(reason, detail);
    this.#closeSocket(reason);
    this.#answerPings(false);
  }

  abandon(): void {
    this.#closing?.close();
  }

  /** So many bytes were published to the client since the last call; the connection may have joined in between. */
  published(bytes: number): void {
    if (!this.#isOpen) return;
    this.#awaitReceipt(bytes);
    this.checkOutbox();
  }

  /** Closes the connection when its client reads too slowly. */
  checkOutbox(): void {
    const { unsentBytes } = this;
    if (unsentBytes === 0) this.#snapshotBytes = 0;
    const own = unsentBytes - this.#snapshotBytes;
    if (own > this.#options.limits.outboxBytes) this.#overload("limits.outbox-bytes", own);
    else if (own >= largeBytes || this.#isCounted) this.#count(own);
  }

  drop(detail: string): void {
    this.close(closeReasons.overloaded, detail);
    this.abandon();
  }

  /** The kernel took some of the unsent bytes, which it does only while the client's side receives others. */
  wrote(): void {
    this.#heard();
    this.#readOn();
    if (!this.#isOpen) return;
    this.checkOutbox();
    if (this.unsentBytes > 0) return;
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
    this.traffic.connections -= 1;
    this.turns.close();
    this.#count(0);
    this.#drained = undefined;
    this.#options.liveness.unwatch(this);
    this.#closing?.lost();
    this.#closing = undefined;
    this.#answerPings(false);
  }

  async #closeUnlessSending(): Promise<void> {
    const { limits, liveness, receiveQueues } = this.#options;
    const { heardAt } = this;
    const { address: peerAddress, port: peerPort, localPort } = this.socket.data.peer;
    const peer = { localPort, peerAddress, peerPort };
    // The table is not read at one instant, so that one reading may miss a socket.
    const isSending = (await receiveQueues.hasBytes(peer)) || (await receiveQueues.hasBytes(peer));
    if (!this.#isOpen) return;
    // Meanwhile the kernel may have taken unsent bytes.
    const isHeard = isSending || this.heardAt > heardAt;
    this.#readOn();
    if (isHeard) {
      liveness.watch(this);
      return;
    }
    const { pingAnswerMs } = limits;
    this.close(closeReasons.unresponsive, `limits.ping-answer-ms: no answer to a ping for ${pingAnswerMs} ms`);
  }

  #count(bytes: number): void {
    if (bytes === 0 && !this.#isCounted) return;
    this.#isCounted = bytes > 0;
    this.#options.outboxes.count(this, Math.max(0, bytes));
  }

  #heard(): void {
    this.heardAt = this.#options.liveness.tick;
  }

  /** Ends what `holdBack` began. */
  #readOn(): void {
    if (!this.#isHeldBack) return;
    this.#isHeldBack = false;
    this.#readAgain();
  }

  #readAgain(): void {
    if (this.#isReading && !this.#isHeldBack && !this.#isSuspended) this.socket.resume();
  }

  /** Sends a ping behind many bytes: its pong shows that the client has received them, which may take long. */
  #awaitReceipt(bytes: number): void {
    this.#unconfirmedBytes += bytes;
    this.sendPing();
  }

  #overload(bound: string, unsentBytes: number): void {
    this.close(closeReasons.overloaded, `${bound}: ${unsentBytes} unsent bytes`);
  }

  /** The socket's close event follows, at the latest after `limits.closingMs`. */
  #closeSocket(reason: CloseReason): void {
    const { socket, unsentBytes } = this;
    const { clock, limits } = this.#options;
    // A snapshot may hold much memory, and a slow reader takes long for it.
    const mayReceive = unsentBytes <= closingOutboxes * limits.outboxBytes && reason !== closeReasons.unresponsive;
    if (unsentBytes > 0 && mayReceive) {
      this.#closing = new ClosingSocket({ socket, reason, clock, withinMs: limits.closingMs });
      // Its pong must be read, and its other frames are ignored.
      socket.resume();
    } else socket.close(reason.code, reason.name);
  }

  #answerPings(isAlive: boolean): void {
    const waiting = this.#pinged ?? [];
    this.#pinged = undefined;
    for (const answered of waiting) answered(isAlive);
  }
}
