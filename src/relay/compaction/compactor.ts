import type { HistoryAddition } from "../../storage/history/history-store.ts";
import type { HistoryInput } from "../history/history-recorder.ts";
import type { PackedUpdates } from "../update/packed-updates.ts";

/** The updates of one document that are to be compacted. */
export interface CompactionInput extends PackedUpdates {
  /** Whether the content that was deleted is kept, for applications that go back to earlier states (`gc: false`). */
  readonly keepsDeleted: boolean;
  /** Set if the updates are to be added to the document's history. */
  readonly history?: HistoryInput | undefined;
}

/** The result of a compaction. */
export interface CompactedUpdates {
  /**
   * One update that is equivalent to all accepted updates together, without the content that was deleted unless
   * `CompactionInput.keepsDeleted`.
   */
  readonly base: Uint8Array;
  /** The encoded `BaseSummary` of `base`. */
  readonly summary: Uint8Array;
  /** The indexes of the updates that Yjs cannot apply: they are not in `base`. */
  readonly rejected: readonly number[];
  /** Undefined if it was not asked for, or cannot be made, or if there are no updates. */
  readonly history?: HistoryAddition | undefined;
  /**
   * The reason for a missing addition. `skipped`: it would cost too much memory or time. `failed`: Yjs
   * has thrown.
   */
  readonly historyGap?: "skipped" | "failed" | undefined;
}

/** Makes one update of many: a pure computation, off the event loop. */
export interface Compactor {
  /**
   * Compacts the updates that `take` returns. Calls may overlap; they are served one after the other, in order. `take`
   * is called once, when it is the call's turn, so that many documents do not read or copy their updates at the same time.
   * The returned buffers belong to the compactor from then on.
   *
   * Rejects when the updates cannot be compacted, when a compaction takes too long, with the error that `take` throws
   * or rejects with, and with `CompactorClosed` when the compactor is closed.
   */
  compact(take: () => CompactionInput | Promise<CompactionInput>): Promise<CompactedUpdates>;
  /** Rejects the running compaction and all that wait. Idempotent. */
  close(): Promise<void>;
  /** Aborts when the compactor is closed. */
  readonly closed: AbortSignal;
}

/** The compactor was closed because the server stops. It is not a failure: the document stays as it is stored. */
export class CompactorClosed extends Error {
  constructor() {
    super("the compactor is closed");
    this.name = "CompactorClosed";
  }
}

/** The sizes of the two parts of a document's log. */
export interface LogSize {
  readonly baseBytes: number;
  /** The bytes of the updates since the last compaction. */
  readonly tailBytes: number;
}

/** A tail of up to this size is not worth a compaction, however small the base is. */
const minTailBytes = 64 * 1024;

/**
 * Whether the updates since the last compaction are worth another one.
 *
 * The bound is proportional to the base: each byte is then compacted about three times in the life of a document,
 * whereas a fixed bound would cost time quadratic in the size of the document.
 */
export function shouldCompact(tailBytes: number, baseBytes: number): boolean {
  return tailBytes > Math.max(minTailBytes, baseBytes / 2);
}

/**
 * Whether a compaction is due although it is not worth it yet: the updates since the last one have used half of the
 * space that the limit leaves to them, and most of them may be content that was deleted meanwhile.
 */
export function nearsLimit({ tailBytes, baseBytes }: LogSize, limitBytes: number): boolean {
  return tailBytes > Math.max(minTailBytes, (limitBytes - baseBytes) / 2);
}
