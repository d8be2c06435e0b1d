import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { type CompactedUpdates, type Compactor, CompactorClosed } from "../../../src/relay/compaction/compactor.ts";
import { type PackedUpdates, unpackUpdates } from "../../../src/relay/update/packed-updates.ts";

export interface InlineCompactorOptions {
  readonly compact?: (updates: readonly Uint8Array[]) => CompactedUpdates;
  /** A promise that compactions wait for. */
  readonly gate?: Promise<void>;
  /** Whether the compaction rejects an update, as if Yjs threw at it. */
  readonly rejects?: (update: Uint8Array) => boolean;
}

/** A compactor in the test's own thread. */
export class InlineCompactor implements Compactor {
  /** The number of updates of each compaction. */
  readonly compactions: number[] = [];
  readonly #options: InlineCompactorOptions;
  #isClosed = false;

  constructor(options: InlineCompactorOptions = {}) {
    this.#options = options;
  }

  async compact(take: () => PackedUpdates): Promise<CompactedUpdates> {
    const updates = unpackUpdates(take());
    this.compactions.push(updates.length);
    await this.#options.gate;
    if (this.#isClosed) throw new CompactorClosed();
    const { compact = compactUpdates, rejects } = this.#options;
    if (rejects === undefined) return compact(updates);
    const rejected = updates.flatMap((update, index) => (rejects(update) ? [index] : []));
    return { ...compact(updates.filter((_, index) => !rejected.includes(index))), rejected };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}
