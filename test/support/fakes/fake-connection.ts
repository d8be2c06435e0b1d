import type { CloseReason } from "../../../src/transport/close-reason.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";
import type { WorkKind } from "../../../src/transport/work.ts";
import { FakeTurns } from "./fake-turns.ts";

/** A connection whose client is the test. Sent frames are in `sent`, the reason of its end is in `closeReason`. */
export class FakeConnection implements Connection {
  readonly id: string;
  readonly remoteAddress: string;
  readonly protocol = "fake";
  readonly openedAt = 0;
  /** All sent frames, snapshots included, in order. */
  readonly sent: Frame[] = [];
  /** The frames that were sent as snapshots. */
  readonly snapshots: Frame[] = [];
  /** The reason why the server closed it; undefined while it is open and when the client disconnected first. */
  closeReason: CloseReason | undefined;
  /** The bound that its client met, as the server logs it. */
  closeDetail: string | undefined;
  /** The reason why it was refused, for its client and the log. */
  refusal: string | undefined;
  isAdmitted = false;
  /** The unsent bytes. A test sets them to make the client a slow reader, and calls `drain` to end that. */
  unsentBytes = 0;
  /** The work that was counted, by kind. */
  readonly spent: Partial<Record<WorkKind, number>> = {};
  readonly turns = new FakeTurns();
  /** Whether the client answers every ping at once; otherwise it answers when the test calls `pong`. */
  answersPings = false;
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

  get hasFrames(): boolean {
    return this.sent.length > 0;
  }

  admit(): void {
    this.isAdmitted = true;
  }

  send(frame: Frame): void {
    if (this.#open) this.sent.push(frame);
  }

  cork(task: () => void): void {
    task();
  }

  spend(kind: WorkKind, amount: number): void {
    this.spent[kind] = (this.spent[kind] ?? 0) + amount;
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
    if (this.#open && !this.answersPings) this.#pinged.push(answered);
    else answered(this.#open);
  }

  /** Lets the client answer all pings so far. */
  pong(): void {
    for (const answered of this.#pinged.splice(0)) answered(true);
  }

  refuse(reason: CloseReason, detail: string): void {
    if (this.#open) this.refusal = detail;
    this.close(reason);
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.#open) return;
    this.closeReason = reason;
    this.closeDetail = detail;
    this.disconnect();
  }

  /** Disconnects the client. */
  disconnect(): void {
    this.#open = false;
    this.#drainTasks = [];
    for (const answered of this.#pinged.splice(0)) answered(false);
  }

  /** Lets the client read everything: `unsentBytes` is 0, and drained tasks are called in order. */
  drain(): void {
    this.unsentBytes = 0;
    const tasks = this.#drainTasks;
    this.#drainTasks = [];
    for (const task of tasks) if (this.#open) task();
  }

  /** As `drain`, but frames sent from now on are unsent again. */
  drainPartly(): void {
    const tasks = this.#drainTasks;
    this.#drainTasks = [];
    for (const task of tasks) if (this.#open) task();
  }

  /** Takes the frames that were sent since the last call. */
  take(): Frame[] {
    return this.sent.splice(0);
  }
}
