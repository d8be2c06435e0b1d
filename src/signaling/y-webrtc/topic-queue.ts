import { abortableWait } from "../../lib/abortable-wait.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { Inbox } from "../../transport/inbox.ts";

/** Whom a queue tells what becomes of it. */
export interface TopicQueueOwner {
  /** So many bytes more are held, or less. */
  took(bytes: number): void;
  gave(bytes: number): void;
  failed(error: unknown): void;
  /** Nothing waits any more, and nothing runs. */
  emptied(topic: string): void;
}

export interface Pause {
  readonly durationMs: number;
  readonly clock: Clock;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

type Task = () => void | Promise<void>;

/** Of a message that waits, besides its text. */
const waitingMessageBytes = 128;

/** What a client says of one topic while it is not settled whether it may enter: it waits, in order. */
export class TopicQueue {
  readonly #topic: string;
  readonly #entry: Promise<void>;
  readonly #owner: TopicQueueOwner;
  /** Most topics are entered before anything else is said of them. */
  #inbox: Inbox | undefined;
  /** Tasks that have not ended, the entry included. */
  #tasks = 1;
  #farewells = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** `entry` is under way; it ends the queue if it is all. */
  constructor(topic: string, entry: Promise<void>, owner: TopicQueueOwner) {
    this.#topic = topic;
    this.#owner = owner;
    this.#entry = entry.then(
      () => this.#ended(),
      (error) => this.#failed(error),
    );
  }

  /** Whether the client has said that it wants the topic no more, and that waits. */
  get isLeaving(): boolean {
    return this.#farewells > 0;
  }

  push(length: number, task: Task): void {
    const bytes = length + waitingMessageBytes;
    this.#tasks += 1;
    this.#owner.took(bytes);
    this.#inbox ??= this.#openInbox();
    this.#inbox.push(bytes, () => {
      this.#owner.gave(bytes);
      return this.#run(task);
    });
  }

  /** As `push`, for what gives up the topic: nobody waits any longer for an entry that cannot be had now. */
  pushFarewell(task: () => void): void {
    this.#farewells += 1;
    this.#wake?.();
    this.push(0, () => {
      this.#farewells -= 1;
      task();
    });
  }

  /** Resolves, later, with whether the client still wants to enter: when time has passed, or as soon as it does not. */
  async pause({ durationMs, clock, signal }: Pause): Promise<boolean> {
    const isWanted = () => !(this.isLeaving || this.#isClosed || signal.aborted);
    if (!isWanted()) return false;
    await abortableWait(signal, (done) => {
      this.#wake = done;
      return clock.after(durationMs, done);
    });
    this.#wake = undefined;
    return isWanted();
  }

  /** Drops what waits. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#inbox?.abandon(() => {});
  }

  #openInbox(): Inbox {
    // Its owner bounds all queues together.
    const inbox = new Inbox({ limitBytes: Number.POSITIVE_INFINITY, failed: (error) => this.#failed(error) });
    inbox.push(0, () => this.#entry);
    return inbox;
  }

  #run(task: Task): void | Promise<void> {
    const settling = task();
    if (settling instanceof Promise) return settling.then(() => this.#ended());
    this.#ended();
  }

  #ended(): void {
    this.#tasks -= 1;
    if (this.#tasks === 0 && !this.#isClosed) this.#owner.emptied(this.#topic);
  }

  #failed(error: unknown): void {
    if (!this.#isClosed) this.#owner.failed(error);
  }
}
