import type { ProtocolTraffic } from "../../ops/metrics/traffic.ts";
import { type CloseReason, closeReasons, SessionError } from "../close-reason.ts";
import { type Frame, frameBytes } from "../connection.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import type { TransportLimits } from "../limits.ts";
import type { Outbox, Outboxes } from "../outboxes/outboxes.ts";
import type { Scheduler, WorkAccount } from "../scheduling/scheduler.ts";
import type { RunConnection } from "../session-runner.ts";
import type { WorkKind } from "../work.ts";

/** The methods of the engine's session that a connection uses. */
export interface EngineSession {
  write(frame: Frame): void;
  ping(): void;
  close(): void;
}

export interface EngineIoConnectionOptions {
  readonly id: string;
  readonly remoteAddress: string;
  readonly protocol: string;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  readonly session: EngineSession;
  readonly owner: ConnectionOwner;
  readonly scheduler: Scheduler;
  readonly outboxes: Outboxes;
  readonly traffic: ProtocolTraffic;
  readonly limits: Pick<TransportLimits, "outboxBytes" | "pingAnswerMs">;
}

/**
 * A connection over a session of Engine.IO, whatever carries it at the moment.
 *
 * `unsentBytes` counts the bytes that wait for the next poll; the bytes in a WebSocket are limited there.
 */
export class EngineIoConnection implements RunConnection, Outbox {
  readonly turns: WorkAccount;
  readonly #options: EngineIoConnectionOptions;
  #isOpen = true;
  #unsentBytes = 0;
  #drained: (() => void)[] = [];
  #pinged: ((isAlive: boolean) => void)[] = [];

  constructor(options: EngineIoConnectionOptions) {
    this.#options = options;
    this.turns = options.scheduler.open(this);
  }

  get id(): string {
    return this.#options.id;
  }

  get remoteAddress(): string {
    return this.#options.remoteAddress;
  }

  get protocol(): string {
    return this.#options.protocol;
  }

  get openedAt(): number {
    return this.#options.openedAt;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(frame: Frame): void {
    if (!this.#isOpen) return;
    const bytes = frameBytes(frame);
    this.#unsentBytes += bytes;
    this.#options.traffic.sent(bytes);
    this.#options.session.write(frame);
    // An overloaded WebSocket below ends the session within `write`.
    if (!this.#isOpen) return;
    this.#options.outboxes.count(this, this.#unsentBytes);
    if (this.#unsentBytes > this.#options.limits.outboxBytes)
      this.close(closeReasons.overloaded, `limits.outbox-bytes: ${this.#unsentBytes} unsent bytes`);
  }

  /** The frames are bounded in the WebSocket that carries them. */
  readonly isAdmitted = true;

  admit(): void {}

  spend(kind: WorkKind, amount: number): void {
    this.turns.spend(kind, amount);
  }

  cork(task: () => void): void {
    task();
  }

  sendSnapshot(frame: Frame): void {
    this.send(frame);
  }

  drained(task: () => void): void {
    if (!this.#isOpen) return;
    if (this.#unsentBytes === 0) task();
    else this.#drained.push(task);
  }

  ping(answered: (isAlive: boolean) => void): void {
    if (this.#isOpen) {
      this.#pinged.push(answered);
      this.#options.session.ping();
    } else {
      answered(false);
    }
  }

  refuse(reason: CloseReason, detail: string): void {
    this.#options.owner.failed(new SessionError(reason, detail));
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#drained = [];
    this.#options.owner.closed(reason, detail);
    this.#options.session.close();
    this.#answerPings(false);
  }

  /** The client has not answered the engine's ping. */
  unanswered(): void {
    const { pingAnswerMs } = this.#options.limits;
    this.close(closeReasons.unresponsive, `limits.ping-answer-ms: no answer to a ping for ${pingAnswerMs} ms`);
  }

  /** The engine has handed over everything that waited. */
  wrote(): void {
    this.#unsentBytes = 0;
    this.#options.outboxes.count(this, 0);
    const tasks = this.#drained;
    this.#drained = [];
    try {
      for (const task of tasks) task();
    } catch (error) {
      this.#options.owner.failed(error);
    }
  }

  /** A message or a pong has come. */
  heard(): void {
    this.#answerPings(true);
  }

  drop(detail: string): void {
    this.close(closeReasons.overloaded, detail);
  }

  /** The engine does not wait. */
  abandon(): void {}

  completed(): void {}

  /** A polling session cannot be paused: its protocol must have `inboxOverflow: "refuse"`. */
  pause(): void {}

  resume(): void {}

  /** The session has ended, from either side. */
  lost(): void {
    this.#isOpen = false;
    this.turns.close();
    this.#options.outboxes.count(this, 0);
    this.#drained = [];
    this.#answerPings(false);
  }

  #answerPings(isAlive: boolean): void {
    const waiting = this.#pinged;
    this.#pinged = [];
    for (const answered of waiting) answered(isAlive);
  }
}
