import type { Clock } from "../time/clock.ts";

/** The message that gives a worker its job, and the buffers that are moved to it instead of copied. */
export interface JobMessage {
  readonly data: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

/** A job took longer than its time limit. */
export class JobTimedOut extends Error {
  constructor(name: string, timeLimitMs: number) {
    super(`${name} timed out after ${timeLimitMs} ms`);
    this.name = "JobTimedOut";
  }
}

export interface JobRunnerOptions {
  /** The work, for the messages of errors: `compaction`. */
  readonly name: string;
  readonly startWorker: () => Worker;
  readonly clock: Clock;
  /** The time limit of one job, the making of its message and the start of a worker included. */
  readonly timeLimitMs: number;
}

interface Running<Reply> {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/** An idle worker is stopped after this time; a new one takes some milliseconds to start. */
const idleWorkerMs = 5_000;

/**
 * A worker that answers each message with one `Reply`, one job at a time. It starts with its first job, and ends when it
 * has been idle for a while: it keeps the memory of its largest job. When it dies or hangs, only the running job fails, and
 * the next one gets a new worker.
 */
export class JobRunner<Reply> {
  readonly #options: JobRunnerOptions;
  #worker: Worker | undefined;
  #running: Running<Reply> | undefined;
  #cancelTimeLimit: (() => void) | undefined;
  #cancelIdleStop: (() => void) | undefined;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Sends the message that `take` makes, and resolves with the worker's reply. Rejects when the worker dies, or takes too
   * long, and with the error that `take` throws or rejects with. Throws while another job is running.
   */
  run(take: () => JobMessage | Promise<JobMessage>): Promise<Reply> {
    if (this.#running !== undefined) throw new Error(`the ${this.#options.name} worker is busy`);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const job = { resolve, reject };
    this.#running = job;
    this.#cancelIdleStop?.();
    const { clock, name, timeLimitMs } = this.#options;
    this.#cancelTimeLimit = clock.after(timeLimitMs, () => {
      this.stop(new JobTimedOut(name, timeLimitMs));
    });
    try {
      const taken = take();
      if (taken instanceof Promise) void this.#startTaken(job, taken);
      else this.#start(taken);
    } catch (error) {
      this.#finish(() => reject(error));
    }
    return promise;
  }

  /** Ends the worker, and rejects the running job with `reason`. A later job starts another worker. */
  stop(reason: Error): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#cancelIdleStop?.();
    worker?.terminate();
    this.#finish((job) => job.reject(reason));
  }

  /** The worker may have been stopped before the message is there. */
  async #startTaken(job: Running<Reply>, taken: Promise<JobMessage>): Promise<void> {
    try {
      const message = await taken;
      if (this.#running === job) this.#start(message);
    } catch (error) {
      if (this.#running === job) this.#finish(() => job.reject(error));
    }
  }

  #start({ data, transfer }: JobMessage): void {
    try {
      this.#worker ??= this.#startWorker();
      this.#worker.postMessage(data, [...transfer]);
    } catch (error) {
      this.stop(new Error(`the ${this.#options.name} worker could not be started`, { cause: error }));
    }
  }

  #startWorker(): Worker {
    const worker = this.#options.startWorker();
    // The worker does not keep the process alive. While a job runs, the timer of its time limit does.
    worker.unref();
    const died = (reason: string) => {
      if (worker === this.#worker) this.stop(new Error(`the ${this.#options.name} worker died: ${reason}`));
    };
    worker.addEventListener("error", ({ message }) => died(message));
    worker.addEventListener("close", ({ code }) => died(`exit code ${code}`));
    worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => {
      if (worker === this.#worker) this.#finish((job) => job.resolve(data));
    });
    return worker;
  }

  #finish(answer: (job: Running<Reply>) => void): void {
    const job = this.#running;
    this.#running = undefined;
    this.#cancelTimeLimit?.();
    this.#cancelTimeLimit = undefined;
    if (job !== undefined) answer(job);
    if (this.#worker !== undefined) this.#stopWhenIdle();
  }

  #stopWhenIdle(): void {
    this.#cancelIdleStop?.();
    this.#cancelIdleStop = this.#options.clock.after(idleWorkerMs, () => {
      if (!this.isBusy) this.stop(new Error(`the ${this.#options.name} worker is idle`));
    });
  }
}
