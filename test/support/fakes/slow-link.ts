import type { CloseReason } from "../../../src/transport/close-reason.ts";
import type { Connection, Frame } from "../../../src/transport/connection.ts";
import { FakeTurns } from "./fake-turns.ts";

interface Unsent {
  /** Undefined for a ping. */
  readonly frame: Frame | undefined;
  readonly answered: (isAlive: boolean) => void;
  bytesLeft: number;
}

/** A connection whose link takes bytes when the test says so, and then delivers the frames that are complete. */
export class SlowLink implements Connection {
  readonly id: string;
  readonly remoteAddress = "192.0.2.1";
  readonly protocol = "fake";
  readonly openedAt = 0;
  readonly turns = new FakeTurns();
  closeReason: CloseReason | undefined;
  closeDetail: string | undefined;
  #isOpen = true;
  readonly #unsent: Unsent[] = [];
  #unsentBytes = 0;
  #delivered: Frame[] = [];
  #drainTasks: (() => void)[] = [];

  constructor(id: string) {
    this.id = id;
  }

  admit(): void {}

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get hasFrames(): boolean {
    return this.#unsent.length > 0 || this.#delivered.length > 0;
  }

  send(frame: Frame): void {
    if (this.#isOpen) this.#push({ frame, answered: () => {}, bytesLeft: frame.length });
  }

  cork(task: () => void): void {
    task();
  }

  spend(): void {}

  sendSnapshot(frame: Frame): void {
    this.send(frame);
  }

  drained(task: () => void): void {
    if (!this.#isOpen) return;
    if (this.#unsentBytes === 0) task();
    else this.#drainTasks.push(task);
  }

  /** The pong comes when the link has taken everything before the ping. */
  ping(answered: (isAlive: boolean) => void): void {
    if (this.#isOpen) this.#push({ frame: undefined, answered, bytesLeft: 0 });
    else answered(false);
  }

  refuse(reason: CloseReason, detail: string): void {
    this.close(reason, detail);
  }

  close(reason: CloseReason, detail?: string): void {
    if (!this.#isOpen) return;
    this.closeReason = reason;
    this.closeDetail = detail;
    this.disconnect();
  }

  /** Disconnects the client. */
  disconnect(): void {
    this.#isOpen = false;
    this.#drainTasks = [];
    for (const { answered } of this.#unsent.splice(0)) answered(false);
  }

  /** Lets the link take up to `bytes`. */
  advance(bytes: number): void {
    const pongs: Unsent[] = [];
    let left = bytes;
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const taken = Math.min(left, next.bytesLeft);
      left -= taken;
      next.bytesLeft -= taken;
      this.#unsentBytes -= taken;
      if (next.bytesLeft > 0) break;
      this.#unsent.shift();
      if (next.frame === undefined) pongs.push(next);
      else this.#delivered.push(next.frame);
    }
    const tasks = this.#unsentBytes === 0 ? this.#drainTasks.splice(0) : [];
    for (const task of tasks) task();
    for (const { answered } of pongs) answered(this.#isOpen);
  }

  /** Takes the frames that have arrived since the last call. */
  take(): Frame[] {
    return this.#delivered.splice(0);
  }

  #push(unsent: Unsent): void {
    this.#unsent.push(unsent);
    this.#unsentBytes += unsent.bytesLeft;
  }
}
