import type { PackedUpdates } from "../update/packed-updates.ts";

/** What became of the updates of a compaction. */
export interface CompactedUpdates {
  /** Says what they say together, less the content that was deleted. */
  readonly base: Uint8Array;
  /** Of `base`: see `BaseSummary`. */
  readonly summary: Uint8Array;
  /** Indexes of the updates that no Yjs document takes: they are not in `base`. */
  readonly rejected: readonly number[];
}

/** Makes one update of many, without what was deleted: pure computation, away from the event loop. */
export interface Compactor {
  /**
   * Calls may overlap, and then they wait: `take` is called once, when it is their turn, so that what many documents
   * have to do for their compactions is not done at once. What it gives is the compactor's from then on.
   *
   * Rejects when the updates cannot be compacted, when it takes too long, with what `take` throws, and with
   * `CompactorClosed` when the compactor is closed.
   */
  compact(take: () => PackedUpdates): Promise<CompactedUpdates>;
  /** Rejects what runs or waits. Idempotent. */
  close(): Promise<void>;
}

/** Nothing went wrong: the server stops, and the document stays as it is stored. */
export class CompactorClosed extends Error {
  constructor() {
    super("the compactor is closed");
    this.name = "CompactorClosed";
  }
}

/** A small document is not worth a worker's round, whatever part of it is tail. */
const smallestTailBytes = 64 * 1024;

/**
 * Whether the updates since the last compaction are worth the next one.
 *
 * In proportion to the base: each byte is then compacted about three times in the life of a document, where a fixed size
 * of tail would cost time quadratic in the size of the document.
 */
export function shouldCompact(tailBytes: number, baseBytes: number): boolean {
  return tailBytes > Math.max(smallestTailBytes, baseBytes / 2);
}
