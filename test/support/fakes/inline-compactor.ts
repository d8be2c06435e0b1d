import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import {
  type CompactedUpdates,
  type CompactionInput,
  type Compactor,
  CompactorClosed,
} from "../../../src/relay/compaction/compactor.ts";
import { HistoryRecorder } from "../../../src/relay/history/history-recorder.ts";
import { unpackUpdates } from "../../../src/relay/update/packed-updates.ts";

export interface InlineCompactorOptions {
  readonly compact?: typeof compactUpdates;
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
  readonly #closing = new AbortController();

  constructor(options: InlineCompactorOptions = {}) {
    this.#options = options;
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  async compact(take: () => CompactionInput | Promise<CompactionInput>): Promise<CompactedUpdates> {
    const taken = take();
    const input = taken instanceof Promise ? await taken : taken;
    const updates = unpackUpdates(input);
    this.compactions.push(updates.length);
    await this.#options.gate;
    if (this.closed.aborted) throw new CompactorClosed();
    const { compact = compactUpdates, rejects } = this.#options;
    const recorder = input.history && new HistoryRecorder(input.history, Bun.zstdCompressSync);
    if (rejects === undefined) return compact(updates, input, recorder);
    const rejected = updates.flatMap((update, index) => (rejects(update) ? [index] : []));
    const accepted = updates.filter((_, index) => !rejected.includes(index));
    return { ...compact(accepted, input), rejected };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}
