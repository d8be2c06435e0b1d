import { type WatermarkListener, Watermarks } from "../lib/watermarks.ts";

/** The limit of an inbox, and the calls that report to its owner. After `filled` the source should stop reading. */
export interface InboxOptions extends WatermarkListener {
  /** Queued bytes at which `filled` is called; `cleared` follows when half of them are left. */
  readonly limitBytes: number;
  /** A task threw or rejected: the waiting tasks are dropped, except the last one that `finish` or `abandon` brings. */
  readonly failed: (error: unknown) => void;
}

interface QueuedTask {
  readonly bytes: number;
  readonly task: () => void | Promise<void>;
}

/**
 * The one place where frames wait: an ordered queue, bounded by bytes, that runs one task at a time.
 *
 * A task runs at once, inside `push`, when nothing waits or runs before it. Tasks never overlap. After the last task of
 * `finish` or `abandon` nothing is called any more.
 */
export class Inbox {
  readonly #options: InboxOptions;
  #waiting: QueuedTask[] = [];
  /** Index of the next waiting task: shifting a long array would copy it each time. */
  #next = 0;
  /** Undefined until the first task waits: most connections never need it. */
  #waitingBytes: Watermarks | undefined;
  #running = false;
  #state: "open" | "ending" | "ended" = "open";
  #last: (() => void) | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Runs `task` after all earlier ones; `bytes` is what it holds in memory while it waits. */
  push(bytes: number, task: () => void | Promise<void>): void {
    if (this.#state !== "open") return;
    if (this.#running) {
      this.#wait({ bytes, task });
    } else {
      this.#start(task);
      this.#drain();
    }
  }

  /** Accepts no further task; the queued tasks still run, then `last`. */
  finish(last: () => void): void {
    this.#end(last);
  }

  /** Accepts no further task and drops the queued ones; `last` runs once the running task has settled. */
  abandon(last: () => void): void {
    this.#drop();
    this.#end(last);
  }

  #end(last: () => void): void {
    if (this.#state !== "open") return;
    this.#state = "ending";
    this.#last = last;
    this.#drain();
  }

  #wait(waiting: QueuedTask): void {
    this.#waiting.push(waiting);
    this.#waitingBytes ??= this.#openWatermarks();
    this.#waitingBytes.raise(waiting.bytes);
  }

  #openWatermarks(): Watermarks {
    const { limitBytes } = this.#options;
    return new Watermarks(limitBytes, limitBytes / 2, this.#options);
  }

  #take(): QueuedTask | undefined {
    const waiting = this.#waiting[this.#next];
    if (waiting === undefined) {
      this.#drop();
      return undefined;
    }
    this.#next += 1;
    this.#waitingBytes?.lower(waiting.bytes);
    return waiting;
  }

  #drop(): void {
    if (this.#waiting.length > 0) this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes?.empty();
  }

  #start(task: () => void | Promise<void>): void {
    this.#running = true;
    try {
      const running = task();
      if (running !== undefined) {
        void this.#waitFor(running);
        return;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#running = false;
  }

  async #waitFor(running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (error) {
      this.#fail(error);
    }
    this.#running = false;
    this.#drain();
  }

  #drain(): void {
    while (!this.#running) {
      const waiting = this.#take();
      if (waiting === undefined) break;
      this.#start(waiting.task);
    }
    if (this.#running || this.#state !== "ending") return;
    this.#state = "ended";
    this.#last?.();
  }

  #fail(error: unknown): void {
    this.#drop();
    this.#options.failed(error);
  }
}
