import type { Metrics } from "../../../ops/metrics.ts";
import { type Compactor, CompactorClosed } from "../../compaction/compactor.ts";
import { countsInSummary } from "../../update/base-summary.ts";
import { packWith } from "../../update/packed-updates.ts";
import type { ContentCounts } from "../../update/update-contents.ts";
import type { DocumentState } from "../document-state.ts";

/** The compacted size of a document with an update that is not stored. */
export interface TriedSize {
  /** Infinity if the two cannot be compacted. */
  readonly bytes: number;
  readonly counts: ContentCounts;
  /** `DocumentState.appendedBytes` at that time: later updates are not in `bytes`. */
  readonly appendedBytes: number;
}

export interface TrialOptions {
  readonly state: DocumentState;
  readonly compactor: Compactor;
  readonly keepsDeleted: boolean;
  readonly metrics: Metrics;
}

/** Compacts a loaded document together with `update`, and stores nothing. Rejects with `CompactorClosed`. */
export async function trySize(
  update: Uint8Array,
  { compactor, keepsDeleted, metrics, state }: TrialOptions,
): Promise<TriedSize> {
  let appendedBytes = 0;
  try {
    const { base, summary, rejected } = await compactor.compact(() => {
      appendedBytes = state.appendedBytes;
      const { bytes, lengths } = packWith(state.cut(), update);
      return { bytes, lengths, keepsDeleted };
    });
    metrics.compactions.inc({ outcome: "tried" });
    const bytes = rejected.length === 0 ? base.byteLength : Number.POSITIVE_INFINITY;
    return { bytes, counts: countsInSummary(summary), appendedBytes };
  } catch (error) {
    if (error instanceof CompactorClosed) throw error;
    metrics.compactions.inc({ outcome: "failed" });
    return { bytes: Number.POSITIVE_INFINITY, counts: state.counts, appendedBytes };
  }
}
