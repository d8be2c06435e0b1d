import { type JobMessage, JobRunner } from "../../lib/system/job-runner.ts";
import { type Clock, systemClock } from "../../lib/time/clock.ts";
import { buffersOf, type PackedHistoryInput, packOrigins } from "../history/packed-origins.ts";
import { type CompactedUpdates, type CompactionInput, type Compactor, CompactorClosed } from "./compactor.ts";

/** A `CompactionInput` on its way to the worker. */
export interface CompactionMessage extends Omit<CompactionInput, "history"> {
  readonly history: PackedHistoryInput | undefined;
}

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
  readonly #worker: JobRunner<CompactionReply>;
  readonly #queue: Job[] = [];
  readonly #closing = new AbortController();

  constructor(options: WorkerCompactorOptions) {
    this.#worker = new JobRunner({ ...options, name: "compaction" });
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async compact(take: () => CompactionInput | Promise<CompactionInput>): Promise<CompactedUpdates> {
    if (this.closed.aborted) throw new CompactorClosed();
    const { promise, resolve, reject } = Promise.withResolvers<CompactedUpdates>();
    this.#queue.push({ take, resolve, reject });
    void this.#runQueued();
    return promise;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const error = new CompactorClosed();
    for (const job of this.#queue.splice(0)) job.reject(error);
    this.#worker.stop(error);
  }

  async #runQueued(): Promise<void> {
    if (this.#worker.isBusy) return;
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) await this.#run(job);
  }

  async #run({ take, resolve, reject }: Job): Promise<void> {
    try {
      const reply = await this.#worker.run(() => {
        const input = take();
        return input instanceof Promise ? input.then(messageOf) : messageOf(input);
      });
      if ("base" in reply) resolve(reply);
      else reject(new Error(reply.error));
    } catch (error) {
      reject(error);
    }
  }
}

function messageOf({ history, ...input }: CompactionInput): JobMessage {
  const origins = history && packOrigins(history.origins);
  const data: CompactionMessage = { ...input, history: history && origins && { ...history, origins } };
  const buffers = origins === undefined ? [] : buffersOf(origins);
  return { data, transfer: [input.bytes.buffer, input.lengths.buffer, ...buffers] };
}
