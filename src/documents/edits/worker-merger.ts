import type { Clock } from "../../lib/time/clock.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import { mergeInto } from "../states/merge-updates.ts";
import type { MergeOrder, UpdateMerger } from "../states/update-merger.ts";
import type { ContentWorkers } from "./content-workers.ts";
import type { ContentLimits } from "./limits.ts";

export interface WorkerMergerOptions {
  readonly workers: Pick<ContentWorkers, "run">;
  readonly clock: Clock;
  readonly limits: Pick<ContentLimits, "contentRequestMs">;
}

/** Updates of this size are merged in less time than it takes to send them to a worker. */
const smallBytes = 16 * 1024;

/** Merges small updates at once, and others in a worker. */
export class WorkerMerger implements UpdateMerger {
  readonly #options: WorkerMergerOptions;

  constructor(options: WorkerMergerOptions) {
    this.#options = options;
  }

  async merge(order: MergeOrder): Promise<Uint8Array> {
    const { format, stateVector, updates } = order;
    const isMerged = updates.length === 1 && format === 1 && stateVector === undefined;
    const bytes = updates.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (isMerged || bytes <= smallBytes) return mergeInto(order);
    const { clock, limits, workers } = this.#options;
    const deadline = new AbortController();
    const cancel = clock.after(limits.contentRequestMs, () => {
      deadline.abort(new SessionError(closeReasons.overloaded, "other requests take all time for merging updates"));
    });
    try {
      const job = { kind: "update", format, stateVector } as const;
      const reply = await workers.run({ job, updates: async () => updates, source: "", signal: deadline.signal });
      if (reply.kind === "read") return reply.body;
      throw new Error(reply.kind === "failed" ? reply.message : `a content worker answered with ${reply.kind}`);
    } finally {
      cancel();
    }
  }
}
