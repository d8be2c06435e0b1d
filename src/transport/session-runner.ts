import type { Clock } from "../lib/time/clock.ts";
import type { LimitedLog } from "../ops/limited-log.ts";
import type { ProtocolTraffic } from "../ops/metrics/traffic.ts";
import type { Metrics } from "../ops/metrics.ts";
import { ClientHandshake, type HandshakeFacts } from "./client-handshake.ts";
import { type CloseReason, closeReasons, SessionError } from "./close-reason.ts";
import { type Connection, type Frame, frameBytes } from "./connection.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import { Inbox, type InboxOptions } from "./inbox.ts";
import type { TransportLimits } from "./limits.ts";
import type { Protocol, ProtocolSession } from "./protocol.ts";
import { FrameQueue } from "./scheduling/frame-queue.ts";
import type { Scheduler, WorkAccount } from "./scheduling/scheduler.ts";

/** The transport of one client's frames: a WebSocket, or a session of Engine.IO. */
export interface Wire<C> {
  readonly protocol: Protocol;
  readonly handshake: HandshakeFacts;
  /** Opens the half that sends, and reports its end and errors to `owner`; called once. */
  connect(owner: ConnectionOwner): C;
}

/** A connection that the runner tells when the client is gone. After its `close` the runner's `gone` follows. */
export interface RunConnection extends Connection {
  readonly turns: WorkAccount;
  /** Whether `admit` was called. */
  readonly isAdmitted: boolean;
  lost(): void;
  /** Does not wait any longer until the client of a closed connection has received everything. Idempotent. */
  abandon(): void;
  /** A complete frame of so many bytes has come. */
  completed(bytes: number): void;
  /** Asks the transport to deliver no frame until `resume`; some transports cannot stop. */
  pause(): void;
  resume(): void;
}

/** The options that all connections of a listener share. */
export interface RunnerOptions<C extends RunConnection> {
  readonly limits: Pick<TransportLimits, "inboxBytes" | "readAheadBytes" | "waitingFrames" | "firstFrameBytes">;
  /** Takes the lines that clients can cause. */
  readonly limitedLog: LimitedLog;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly scheduler: Pick<Scheduler, "departedFrames">;
  /** The socket is gone and the session holds nothing any more. */
  readonly ended: (runner: SessionRunner<C>) => void;
}

/**
 * Runs one protocol's session on one wire: order, limits and errors.
 *
 * The inbox and the connection report to the runner itself: there are many runners, most of them idle, and closures
 * would cost more memory.
 */
export class SessionRunner<C extends RunConnection> implements InboxOptions<Frame>, ConnectionOwner {
  readonly connection: C;
  readonly #protocol: Protocol;
  readonly #options: RunnerOptions<C>;
  readonly #inbox: Inbox<Frame>;
  readonly #traffic: ProtocolTraffic;
  readonly #handshake: ClientHandshake;
  #queue: FrameQueue | undefined;
  #session: ProtocolSession | undefined;
  #isIgnored = false;
  #ignoredFrames = 0;
  #isGone = false;
  #hasEnded = false;
  #cancelClose: (() => void) | undefined;

  constructor(wire: Wire<C>, options: RunnerOptions<C>) {
    this.#protocol = wire.protocol;
    this.#handshake = new ClientHandshake(wire.handshake);
    this.#options = options;
    this.#inbox = new Inbox(this);
    this.#traffic = options.metrics.traffic.of(wire.protocol.name);
    this.connection = wire.connect(this);
    this.#start();
  }

  receive(frame: Frame): void {
    const bytes = frameBytes(frame);
    this.connection.completed(bytes);
    this.#traffic.received(bytes);
    if (this.#isIgnored) {
      this.#ignoreFrame();
      return;
    }
    if (this.#session !== undefined) this.#admit();
    if (!this.connection.isAdmitted && bytes + this.#inbox.waitingBytes > this.#options.limits.firstFrameBytes) {
      this.#refuseStranger(bytes + this.#inbox.waitingBytes);
      return;
    }
    this.connection.turns.received(bytes);
    this.#inbox.push(bytes, frame);
    if (this.#queue !== undefined && this.#queue.count > this.#options.limits.waitingFrames) this.#refuseFrames();
  }

  handle(frame: Frame): void | Promise<void> {
    const bytes = frameBytes(frame);
    this.connection.turns.handling(bytes);
    if (bytes > this.#protocol.frameBytes) return this.#oversized(frame, bytes);
    return this.#session?.receive(frame);
  }

  openQueue(): FrameQueue {
    this.#queue = new FrameQueue();
    return this.#queue;
  }

  get turns(): WorkAccount {
    return this.connection.turns;
  }

  gone(): void {
    this.#isGone = true;
    this.#cancelClose?.();
    this.#handshake.gone();
    this.connection.lost();
    this.#finish();
    this.#report();
  }

  get waitingBytes(): number {
    return this.#inbox.waitingBytes;
  }

  get limitBytes(): number {
    const { inboxBytes, readAheadBytes } = this.#options.limits;
    return this.#isRefusedWhenFull ? inboxBytes : readAheadBytes;
  }

  filled(): void {
    if (!this.#isRefusedWhenFull) this.connection.pause();
    else
      this.failed(
        new SessionError(closeReasons.rateLimited, `limits.inbox-bytes: more than ${this.limitBytes} bytes wait`),
      );
  }

  get #isRefusedWhenFull(): boolean {
    return this.#protocol.inboxOverflow === "refuse";
  }

  cleared(): void {
    this.connection.resume();
  }

  closed({ name: reason }: CloseReason, detail: string | undefined): void {
    const { limitedLog, metrics } = this.#options;
    metrics.closedConnections.inc({ reason });
    if (detail !== undefined) {
      metrics.bounds.detailed(detail);
      limitedLog.info({ event: "connection-closed", protocol: this.#protocol.name, reason, detail });
    }
    this.#inbox.abandon(() => this.#end());
    this.#isIgnored = true;
    this.#handshake.gone();
    this.#cancelClose?.();
  }

  failed(error: unknown): void {
    // Work for a client that has disconnected usually fails, and no client is left to tell.
    if (!this.connection.isOpen) return;
    const { limitedLog, metrics } = this.#options;
    const protocol = this.#protocol;
    if (error instanceof SessionError) {
      const { reason, message: detail } = error;
      metrics.refusedSessions.inc({ reason: reason.name });
      metrics.bounds.detailed(detail);
      limitedLog.info({ event: "session-refused", protocol: protocol.name, reason: reason.name, detail });
      this.#refuse(reason, detail);
    } else {
      limitedLog.error({ event: "session-crashed", protocol: protocol.name, err: error });
      this.#refuse(closeReasons.internalError, "a fault of the server");
    }
  }

  /** A refused client may have sent some frames before it knows. */
  #ignoreFrame(): void {
    this.#ignoredFrames += 1;
    if (this.#ignoredFrames <= this.#options.limits.waitingFrames) return;
    this.connection.close(closeReasons.rateLimited);
    this.connection.abandon();
  }

  /** It may become a client with access, which brings its frames again when it returns. */
  #refuseStranger(bytes: number): void {
    this.failed(new SessionError(closeReasons.overloaded, `limits.first-frame-bytes: ${bytes} bytes wait`));
  }

  /** The runtime hands over no further frame of a socket that is closed. */
  #refuseFrames(): void {
    const { waitingFrames } = this.#options.limits;
    this.failed(
      new SessionError(closeReasons.rateLimited, `limits.waiting-frames: more than ${waitingFrames} frames wait`),
    );
  }

  #admit(): void {
    if (this.#protocol.admitsClients !== true) this.connection.admit();
  }

  #oversized(frame: Frame, bytes: number): void | Promise<void> {
    const detail = `${this.#protocol.frameBytesOption}: a frame of ${bytes} bytes`;
    if (this.#session?.oversized === undefined) throw new SessionError(closeReasons.frameTooLarge, detail);
    return this.#session.oversized(frame, detail);
  }

  #start(): void {
    try {
      const opening = this.#protocol.open(this.connection, this.#handshake);
      if (!(opening instanceof Promise)) this.#opened(opening);
      else
        this.#inbox.begin(
          opening.then((session) => {
            this.#opened(session);
            this.#admit();
          }),
        );
    } catch (error) {
      this.failed(error);
    }
  }

  #opened(session: ProtocolSession): void {
    this.#session = session;
    this.#options.metrics.traffic.sessionOpened(this.#protocol.name);
  }

  /** Frames that arrived before the client disconnected are still handled, as far as memory allows. */
  #finish(): void {
    const { departedFrames } = this.#options.scheduler;
    const { waitingBytes } = this.#inbox;
    if (!departedFrames.take(waitingBytes)) {
      this.#inbox.abandon(() => this.#end());
      return;
    }
    this.#inbox.finish(() => {
      departedFrames.give(waitingBytes);
      this.#end();
    });
  }

  #end(): void {
    if (this.#session !== undefined) {
      this.#session.closed();
      this.#session = undefined;
      this.#options.metrics.traffic.sessionClosed(this.#protocol.name);
    }
    this.#hasEnded = true;
    this.#report();
  }

  #report(): void {
    if (this.#hasEnded && this.#isGone) this.#options.ended(this);
  }

  #refuse(reason: CloseReason, detail: string): void {
    const protocol = this.#protocol;
    const closeMessage = protocol.closeMessage?.(reason, detail);
    if (closeMessage !== undefined) this.connection.send(closeMessage);
    if (protocol.closeDelayMs === undefined) this.connection.close(reason);
    else this.#ignore(reason, protocol.closeDelayMs);
  }

  /** Ends the session at once and the connection later: until then the client's frames are dropped. */
  #ignore(reason: CloseReason, delayMs: number): void {
    this.#isIgnored = true;
    this.#inbox.abandon(() => this.#end());
    this.#cancelClose ??= this.#options.clock.after(delayMs, () => this.connection.close(reason));
  }
}
