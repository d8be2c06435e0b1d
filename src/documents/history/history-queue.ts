import type { Slots } from "../../api/bounds/slots.ts";
import { Semaphore } from "../../lib/semaphore.ts";
import { JobRunner } from "../../lib/system/job-runner.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { EditRefused } from "../edits/content/edit-refused.ts";
import { contentSlots } from "../edits/content-slots.ts";
import type { ContentLimits } from "../edits/limits.ts";
import type { HistoryJob, HistoryReply, HistoryTask } from "./history-job.ts";

/** Starts a worker for `HistoryQueue`. The build puts it beside the entry point of the executable. */
export const startHistoryWorker = (): Worker => new Worker(new URL("./history-worker.ts", import.meta.url));

export interface HistoryQueueOptions {
  readonly startWorker: () => Worker;
  readonly clock: Clock;
  readonly limits: Pick<
    ContentLimits,
    "contentRequests" | "contentRequestsPerCaller" | "contentRequestMs" | "contentDocBytes"
  >;
}

export interface QueuedHistoryJob {
  /** Reads what the job needs, when it is its turn. */
  readonly take: () => Promise<HistoryJob>;
  /** The client that waits; clients take turns. */
  readonly source: string;
  /** The key by which bounds count the client, as `countedCaller`; undefined for the server itself as well. */
  readonly counted?: string | undefined;
  readonly signal: AbortSignal;
}

/** A reply that is an answer, and no failure. */
export type HistoryAnswer = Exclude<HistoryReply, { readonly kind: "refused" | "failed" }>;

/** The worker that reads the history of documents, one job at a time. It starts when needed, and ends when idle. */
export class HistoryQueue {
  readonly #options: HistoryQueueOptions;
  readonly #runner: JobRunner<HistoryReply>;
  readonly #free = new Semaphore(1);
  readonly #slots: Slots;

  constructor(options: HistoryQueueOptions) {
    const { clock, limits, startWorker } = options;
    this.#options = options;
    this.#slots = contentSlots(limits, "requests for the history of documents");
    this.#runner = new JobRunner({ name: "history", startWorker, clock, timeLimitMs: limits.contentRequestMs });
  }

  /**
   * Runs a job. Rejects with `EditRefused` for one that is refused, with `Problem` when too many wait, and when the worker
   * dies or takes too long.
   */
  run({ counted, signal, source, take }: QueuedHistoryJob): Promise<HistoryAnswer> {
    return this.#slots.run(counted, async () => {
      await this.#free.acquire(signal, source);
      try {
        return await this.#run(take);
      } finally {
        this.#free.release();
      }
    });
  }

  /** Ends the worker; a job that runs rejects. */
  close(): void {
    this.#runner.stop(new Error("the server stops"));
  }

  async #run(take: () => Promise<HistoryJob>): Promise<HistoryAnswer> {
    const maxDocBytes = this.#options.limits.contentDocBytes;
    const reply = await this.#runner.run(async () => {
      const data: HistoryTask = { job: await take(), maxDocBytes };
      return { data, transfer: [] };
    });
    if (reply.kind === "refused") throw new EditRefused(reply.code, reply.message);
    if (reply.kind === "failed") throw new Error(reply.message);
    return reply;
  }
}
