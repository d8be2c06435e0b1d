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
   * The caller's bytes are read before this returns and left as they are. Calls may overlap. Rejects when the updates
   * cannot be compacted, when it takes too long, and with `CompactorClosed` when the compactor is closed.
   */
  compact(updates: readonly Uint8Array[]): Promise<CompactedUpdates>;
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
