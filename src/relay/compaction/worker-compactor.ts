import { type Clock, systemClock } from "../../lib/time/clock.ts";
import { type CompactedUpdates, type CompactionInput, type Compactor, CompactorClosed } from "./compactor.ts";

export type CompactionReply =
  | (CompactedUpdates & { readonly base: Uint8Array<ArrayBuffer>; readonly summary: Uint8Array<ArrayBuffer> })
  | { readonly error: string };

interface Job {
  readonly take: () => CompactionInput | Promise<CompactionInput>;
  resolve(compacted: CompactedUpdates): void;
  reject(error: unknown): void;
}

export interface WorkerCompactorOptions {
  readonly startWorker: () => Worker;
  readonly clock: Clock;
  /** The time limit of one compaction, the start of a worker included. */
  readonly timeLimitMs: number;
}

/** An idle worker is stopped after this time; a new one takes some milliseconds to start. */
const idleWorkerMs = 5_000;

/** Opens a compactor with a worker of its own, which starts with the first compaction. */
export function startWorkerCompactor(): Compactor {
  return new WorkerCompactor({
    // In the executable every module has the URL of the entry point; the build puts the workers beside it
    // (`--entry-naming`).
    startWorker: () => new Worker(new URL("./compaction-worker.ts", import.meta.url)),
    clock: systemClock,
    timeLimitMs: 30_000,
  });
}

/**
 * A compactor that runs `compactUpdates` in a worker (`compaction-worker.ts`), one compaction at a time: when the
 * worker dies or hangs, only the running compaction fails, and the next one gets a new worker.
 */
export class WorkerCompactor implements Compactor {
  readonly #options: WorkerCompactorOptions;
  #worker: Worker | undefined;
  readonly #queue: Job[] = [];
  #running: Job | undefined;
  #cancelTimeLimit: (() => void) | undefined;
  #cancelIdleStop: (() => void) | undefined;
  readonly #closing = new AbortController();

  constructor(options: WorkerCompactorOptions) {
    this.#options = options;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async compact(take: () => CompactionInput | Promise<CompactionInput>): Promise<CompactedUpdates> {
    if (this.closed.aborted) throw new CompactorClosed();
    const { promise, resolve, reject } = Promise.withResolvers<CompactedUpdates>();
    this.#queue.push({ take, resolve, reject });
    this.#runNext();
    return promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelIdleStop?.();
    const error = new CompactorClosed();
    for (const job of this.#queue.splice(0)) job.reject(error);
    this.#stopWorker(error);
  }

  #runNext(): void {
    if (this.#running !== undefined) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#running = job;
    this.#cancelIdleStop?.();
    const { clock, timeLimitMs } = this.#options;
    this.#cancelTimeLimit = clock.after(timeLimitMs, () => {
      this.#stopWorker(new Error(`compaction timed out after ${timeLimitMs} ms`));
    });
    try {
      const input = job.take();
      if (input instanceof Promise) void this.#startTaken(job, input);
      else this.#start(input);
    } catch (error) {
      this.#finish(() => job.reject(error));
    }
  }

  /** The compactor may have been closed, or the job have failed, before the input is there. */
  async #startTaken(job: Job, taken: Promise<CompactionInput>): Promise<void> {
    try {
      const input = await taken;
      if (this.#running === job) this.#start(input);
    } catch (error) {
      if (this.#running === job) this.#finish(() => job.reject(error));
    }
  }

  #start(input: CompactionInput): void {
    try {
      this.#worker ??= this.#startWorker();
      this.#worker.postMessage(input, [input.bytes.buffer, input.lengths.buffer]);
    } catch (error) {
      this.#stopWorker(new Error("the compaction worker could not be started", { cause: error }));
    }
  }

  #startWorker(): Worker {
    const worker = this.#options.startWorker();
    // The worker does not keep the process alive. While a compaction runs, the timer of its time limit does.
    worker.unref();
    const died = (reason: string) => {
      if (worker === this.#worker) this.#stopWorker(new Error(`the compaction worker died: ${reason}`));
    };
    worker.addEventListener("error", ({ message }) => died(message));
    worker.addEventListener("close", ({ code }) => died(`exit code ${code}`));
    worker.addEventListener("message", ({ data }: MessageEvent<CompactionReply>) => {
      if (worker === this.#worker) this.#finish((job) => answerJob(job, data));
    });
    return worker;
  }

  #stopWorker(reason: Error): void {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.terminate();
    this.#finish((job) => job.reject(reason));
  }

  #finish(answer: (job: Job) => void): void {
    const job = this.#running;
    this.#running = undefined;
    this.#cancelTimeLimit?.();
    this.#cancelTimeLimit = undefined;
    if (job !== undefined) answer(job);
    this.#runNext();
    if (this.#worker !== undefined && this.#running === undefined) this.#stopWhenIdle();
  }

  /** Stops the worker once it is idle: it keeps the memory of the largest documents that it has compacted. */
  #stopWhenIdle(): void {
    this.#cancelIdleStop?.();
    this.#cancelIdleStop = this.#options.clock.after(idleWorkerMs, () => {
      if (this.#running === undefined) this.#stopWorker(new Error("the compaction worker is idle"));
    });
  }
}

function answerJob({ resolve, reject }: Job, reply: CompactionReply): void {
  if ("base" in reply) resolve(reply);
  else reject(new Error(reply.error));
}
