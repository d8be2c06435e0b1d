import { type CloseReason, SessionError } from "../../../../src/transport/close-reason.ts";
import type { Frame } from "../../../../src/transport/connection.ts";
import type { ConnectionOwner } from "../../../../src/transport/connection-owner.ts";
import type { Scheduler, WorkAccount } from "../../../../src/transport/scheduling/scheduler.ts";
import type { RunConnection } from "../../../../src/transport/session-runner.ts";
import type { WorkKind } from "../../../../src/transport/work.ts";

export interface LocalConnectionOptions {
  readonly id: string;
  /** The name of its protocol. */
  readonly protocol: string;
  readonly scheduler: Scheduler;
  /** Called for each frame that is sent to the client. */
  readonly received: (frame: Frame) => void;
  /** The server has closed the connection. */
  readonly closed: (reason: CloseReason, detail: string | undefined) => void;
}

/** A connection whose client is in this process, and takes every frame at once. */
export class LocalConnection implements RunConnection {
  readonly id: string;
  readonly protocol: string;
  readonly remoteAddress = "127.0.0.1";
  readonly openedAt = Date.now();
  readonly unsentBytes = 0;
  readonly turns: WorkAccount;
  isOpen = true;
  isAdmitted = false;
  readonly #options: LocalConnectionOptions;
  readonly #owner: ConnectionOwner;

  constructor(options: LocalConnectionOptions, owner: ConnectionOwner) {
    this.id = options.id;
    this.protocol = options.protocol;
    this.turns = options.scheduler.open(this);
    this.#options = options;
    this.#owner = owner;
  }

  admit(): void {
    this.isAdmitted = true;
  }

  send(frame: Frame): void {
    if (this.isOpen) this.#options.received(frame);
  }

  sendSnapshot(frame: Frame): void {
    this.send(frame);
  }

  cork(task: () => void): void {
    task();
  }

  spend(kind: WorkKind, amount: number): void {
    this.turns.spend(kind, amount);
  }

  drained(task: () => void): void {
    if (this.isOpen) task();
  }

  ping(answered: (isAlive: boolean) => void): void {
    answered(this.isOpen);
  }

  refuse(reason: CloseReason, detail: string): void {
    this.#owner.failed(new SessionError(reason, detail));
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#owner.closed(reason, detail);
    this.#options.closed(reason, detail);
  }

  lost(): void {
    this.isOpen = false;
    this.turns.close();
  }

  abandon(): void {}

  completed(): void {}

  /** Its client sends evenly, and not more than the server takes. */
  pause(): void {}

  resume(): void {}
}
