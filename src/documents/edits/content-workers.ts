import { Semaphore } from "../../lib/semaphore.ts";
import { JobRunner, JobTimedOut } from "../../lib/system/job-runner.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { packUpdates } from "../../relay/update/packed-updates.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import { EditRefused } from "./content/edit-refused.ts";
import type { ContentReply, ContentTask } from "./content-job.ts";
import type { ContentLimits } from "./limits.ts";

/** The worker of a server. In the executable every module has the URL of the entry point; the build puts workers beside it. */
export const startContentWorker = (): Worker => new Worker(new URL("./content-worker.ts", import.meta.url));

export interface ContentWorkersOptions {
  readonly startWorker: () => Worker;
  readonly clock: Clock;
  readonly limits: Pick<ContentLimits, "contentWorkers" | "contentRequestMs" | "contentDocBytes">;
}

/** A job, and the committed updates of its document, which are read when it is the job's turn. */
export interface QueuedJob extends Pick<ContentTask, "job" | "written"> {
  readonly updates: () => Promise<readonly Uint8Array[]>;
  /** The client that waits; clients take turns. */
  readonly source: string;
  /** Ends the wait for a worker. A job that runs is finished. */
  readonly signal: AbortSignal;
}

/** The workers that read and change the content of documents. They start when they are needed, and end when idle. */
export class ContentWorkers {
  readonly #options: ContentWorkersOptions;
  readonly #workers: readonly JobRunner<ContentReply>[];
  readonly #free: Semaphore;

  constructor(options: ContentWorkersOptions) {
    const { clock, limits, startWorker } = options;
    this.#options = options;
    this.#free = new Semaphore(limits.contentWorkers);
    this.#workers = Array.from(
      { length: limits.contentWorkers },
      () => new JobRunner({ name: "content", startWorker, clock, timeLimitMs: limits.contentRequestMs }),
    );
  }

  /** Runs a job. Rejects with `EditRefused` when it takes too long, when its worker dies, and with the signal's reason. */
  async run({ job, signal, source, updates, written }: QueuedJob): Promise<ContentReply> {
    await this.#free.acquire(signal, source);
    try {
      const maxDocBytes = this.#options.limits.contentDocBytes;
      return await this.#freeWorker().run(async () => {
        const content = packUpdates(await updates());
        const task: ContentTask = { job, written, content, maxDocBytes };
        return { data: task, transfer: [content.bytes.buffer, content.lengths.buffer] };
      });
    } catch (error) {
      if (!(error instanceof JobTimedOut)) throw error;
      throw new EditRefused("document-too-complex", "The server has not done it in the time of one request.");
    } finally {
      this.#free.release();
    }
  }

  /** Ends the workers; jobs that run reject. */
  close(): void {
    for (const worker of this.#workers) worker.stop(new SessionError(closeReasons.restart, "the server stops"));
  }

  /** The first free one, so that few are started while there is little to do. */
  #freeWorker(): JobRunner<ContentReply> {
    const free = this.#workers.find(({ isBusy }) => !isBusy);
    if (free === undefined) throw new Error("no content worker is free");
    return free;
  }
}
