import { abortableWait } from "../../lib/abortable-wait.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { Inbox, type Task } from "../../transport/inbox.ts";

/** The owner of a queue, which bounds the bytes of all its queues together. */
export interface TopicQueueOwner {
  /** The queue has grown by `bytes`. */
  grew(bytes: number): void;
  /** The queue has shrunk by `bytes`. */
  shrank(bytes: number): void;
  failed(error: unknown): void;
  /** No task of the topic waits or runs any more. */
  emptied(topic: string): void;
}

export interface Pause {
  readonly durationMs: number;
  readonly clock: Clock;
  /** Aborts when the client has disconnected. */
  readonly signal: AbortSignal;
}

/** The memory that a queued message takes besides its text. */
const overheadBytes = 128;

/** The messages of a client for one topic that it is still joining. They wait, in order, until the join has ended. */
export class TopicQueue {
  readonly #topic: string;
  readonly #joining: Promise<void>;
  readonly #owner: TopicQueueOwner;
  /** Undefined until a message waits: most topics are joined before the next message comes. */
  #inbox: Inbox<Task> | undefined;
  /** The number of tasks that have not ended, the join included. */
  #tasks = 1;
  #unsubscribes = 0;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** `joining` is the join that has been started; if nothing follows it, the queue ends with it. */
  constructor(topic: string, joining: Promise<void>, owner: TopicQueueOwner) {
    this.#topic = topic;
    this.#owner = owner;
    this.#joining = joining.then(
      () => this.#ended(),
      (error) => this.#failed(error),
    );
  }

  /** Whether an unsubscribe of the client is queued. */
  get isUnsubscribing(): boolean {
    return this.#unsubscribes > 0;
  }

  push(length: number, task: Task): void {
    const bytes = length + overheadBytes;
    this.#tasks += 1;
    this.#owner.grew(bytes);
    this.#inbox ??= this.#openInbox();
    this.#inbox.push(bytes, () => {
      this.#owner.shrank(bytes);
      return this.#run(task);
    });
  }

  /** Queues an unsubscribe. A join that is between two attempts ends at once, without another attempt. */
  pushUnsubscribe(task: () => void): void {
    this.#unsubscribes += 1;
    this.#wake?.();
    this.push(0, () => {
      this.#unsubscribes -= 1;
      task();
    });
  }

  /** Waits, unless the client gives up the topic; resolves asynchronously with whether it still wants to join. */
  async pause({ durationMs, clock, signal }: Pause): Promise<boolean> {
    const isWanted = () => !(this.isUnsubscribing || this.#isClosed || signal.aborted);
    if (!isWanted()) return false;
    await abortableWait(signal, (done) => {
      this.#wake = done;
      return clock.after(durationMs, done);
    });
    this.#wake = undefined;
    return isWanted();
  }

  /** Drops the queued messages. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
    this.#inbox?.abandon(() => {});
  }

  #openInbox(): Inbox<Task> {
    // The owner bounds the bytes of all queues together.
    const inbox = Inbox.ofTasks({ limitBytes: Number.POSITIVE_INFINITY, failed: (error) => this.#failed(error) });
    inbox.push(0, () => this.#joining);
    return inbox;
  }

  #run(task: Task): void | Promise<void> {
    const running = task();
    if (running instanceof Promise) return running.then(() => this.#ended());
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
