import type { CloseReason } from "../../../src/transport/close-reason.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";

/** A connection whose client is the test: what was sent is in `sent`, how it ended in `closeReason`. */
export class FakeConnection implements Connection {
  readonly id: string;
  readonly remoteAddress: string;
  /** Everything sent, snapshots included, in order. */
  readonly sent: Frame[] = [];
  /** Those of `sent` that were sent as snapshots. */
  readonly snapshots: Frame[] = [];
  /** Why the server closed it; undefined while it is open and when the client went first. */
  closeReason: CloseReason | undefined;
  /** Why it was refused, for its client and the log. */
  refusal: string | undefined;
  /** Set it to make the client a slow reader; `drain` ends that. */
  unsentBytes = 0;
  #open = true;
  #drainTasks: (() => void)[] = [];
  readonly #pinged: ((isAlive: boolean) => void)[] = [];

  constructor(id: string, remoteAddress = "192.0.2.1") {
    this.id = id;
    this.remoteAddress = remoteAddress;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  send(frame: Frame): void {
    if (this.#open) this.sent.push(frame);
  }

  cork(task: () => void): void {
    task();
  }

  sendSnapshot(frame: Frame): void {
    if (this.#open) this.snapshots.push(frame);
    this.send(frame);
  }

  drained(task: () => void): void {
    if (!this.#open) return;
    if (this.unsentBytes === 0) task();
    else this.#drainTasks.push(task);
  }

  ping(answered: (isAlive: boolean) => void): void {
    if (this.#open) this.#pinged.push(answered);
    else answered(false);
  }

  /** The client answers all pings so far. */
  pong(): void {
    for (const answered of this.#pinged.splice(0)) answered(true);
  }

  refuse(reason: CloseReason, detail: string): void {
    if (this.#open) this.refusal = detail;
    this.close(reason);
  }

  close(reason: CloseReason): void {
    if (!this.#open) return;
    this.closeReason = reason;
    this.disconnect();
  }

  /** The client goes away. */
  disconnect(): void {
    this.#open = false;
    this.#drainTasks = [];
    for (const answered of this.#pinged.splice(0)) answered(false);
  }

  /** The client reads everything: `unsentBytes` is 0 and those who waited for it are told, in order. */
  drain(): void {
    this.unsentBytes = 0;
    const tasks = this.#drainTasks;
    this.#drainTasks = [];
    for (const task of tasks) if (this.#open) task();
  }

  /** As `drain`, but what is sent from now on waits again. */
  drainPartly(): void {
    const tasks = this.#drainTasks;
    this.#drainTasks = [];
    for (const task of tasks) if (this.#open) task();
  }

  /** Takes what was sent since the last call. */
  take(): Frame[] {
    return this.sent.splice(0);
  }
}
