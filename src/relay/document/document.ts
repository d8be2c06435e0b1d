import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Store, StoredDocument } from "../../storage/store.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import { type Compactor, CompactorClosed, shouldCompact } from "../compaction/compactor.ts";
import { decodeSummary } from "../update/base-summary.ts";
import type { Cut } from "./document-content.ts";
import type { DocumentMemory, MemoryHolder } from "./document-memory.ts";
import { type Compacted, DocumentState } from "./document-state.ts";

/** What all documents of a server share. */
export interface DocumentOptions {
  readonly store: Store;
  readonly compactor: Compactor;
  readonly memory: DocumentMemory;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** So much may be committed before the memory that it takes is counted again: that costs as much as a commit. */
const countedBytes = 4 * 1024;

/**
 * A document between memory, store and compactor.
 *
 * Its clocks are in memory as long as it is open, its bytes only while somebody needs them and there is room.
 */
export class Document implements MemoryHolder {
  readonly name: string;
  readonly state: DocumentState;
  readonly #options: DocumentOptions;
  #loading: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  #skipsCompaction = false;
  readonly #compactionSkipped = Promise.withResolvers<void>();
  /** No compaction is tried below this size of the tail. */
  #compactionBytes = 0;
  #hasFailedToCompact = false;
  /** Committed since its memory was last counted. */
  #uncountedBytes = 0;

  /** Throws `SessionError` storage-unavailable when the document cannot be read. */
  static async open(name: string, options: DocumentOptions): Promise<Document> {
    return new Document(name, await load(name, options, (stored) => new DocumentState(stored)), options);
  }

  private constructor(name: string, state: DocumentState, options: DocumentOptions) {
    this.name = name;
    this.state = state;
    this.#options = options;
    this.#countMemory();
  }

  /**
   * Runs `task` with the document's bytes in memory: at once if they are there.
   *
   * Rejects with `SessionError` storage-unavailable when they cannot be read.
   */
  loaded<Result>(task: () => Result): Result | Promise<Result> {
    if (!this.state.isLoaded) return this.#whenLoaded(task);
    const result = task();
    this.#countMemory();
    return result;
  }

  /** Called after `state.commit`, with the size of the update. */
  committed(bytes: number): void {
    this.#uncountedBytes += bytes;
    if (this.#uncountedBytes >= countedBytes && this.state.isLoaded) this.#countMemory();
    this.#compactIfDue();
  }

  unload(): boolean {
    // A compaction replaces what is in memory.
    if (this.#compacting !== undefined || this.#loading !== undefined) return false;
    this.state.unload();
    return true;
  }

  /** When nobody uses it any more: resolves when it is compacted, as far as it can be. */
  async close(): Promise<void> {
    await this.#compacted();
    if (!this.#skipsCompaction && this.state.tailBytes > 0) this.#startCompaction();
    await this.#compacted();
    this.#options.memory.forget(this);
  }

  /** `close` need not wait for compactions any more: the next to open it would wait for them, and for those of others. */
  skipCompaction(): void {
    this.#skipsCompaction = true;
    this.#compactionSkipped.resolve();
  }

  async #whenLoaded<Result>(task: () => Result): Promise<Result> {
    // Again, should the bytes have been dropped before it was our turn.
    while (!this.state.isLoaded) {
      this.#loading ??= this.#load();
      await this.#loading;
    }
    const result = task();
    this.#countMemory();
    return result;
  }

  async #load(): Promise<void> {
    try {
      await load(this.name, this.#options, this.state.expectContent());
    } finally {
      this.#loading = undefined;
    }
    this.#countMemory();
  }

  #countMemory(): void {
    this.#uncountedBytes = 0;
    this.#options.memory.used(this, this.state.memoryBytes);
  }

  async #compacted(): Promise<void> {
    while (this.#compacting !== undefined && !this.#skipsCompaction) {
      await Promise.race([this.#compacting, this.#compactionSkipped.promise]);
    }
  }

  #compactIfDue(): void {
    const { tailBytes, baseBytes } = this.state;
    if (this.#compacting !== undefined || this.#skipsCompaction || tailBytes < this.#compactionBytes) return;
    if (shouldCompact(tailBytes, baseBytes)) this.#startCompaction();
  }

  /** At most one at a time. */
  #startCompaction(): void {
    this.#compacting = this.#compact().finally(() => {
      this.#compacting = undefined;
      this.#compactIfDue();
    });
  }

  /** Never rejects: a document that cannot be compacted is served as it is. */
  async #compact(): Promise<void> {
    const { metrics } = this.#options;
    const end = metrics.compactionDuration.startTimer();
    try {
      await this.#tryToCompact();
      metrics.compactions.inc({ outcome: "done" });
      this.#compactionBytes = 0;
    } catch (error) {
      if (error instanceof CompactorClosed) {
        this.#compactionBytes = Number.POSITIVE_INFINITY;
        return;
      }
      metrics.compactions.inc({ outcome: "failed" });
      // Tried again when the tail has doubled.
      this.#compactionBytes = 2 * this.state.tailBytes;
      if (!this.#hasFailedToCompact) this.#options.log.warn({ event: "compaction-failed", err: error });
      this.#hasFailedToCompact = true;
    } finally {
      end();
    }
  }

  async #tryToCompact(): Promise<void> {
    const { compactor, store } = this.#options;
    await this.loaded(() => {});
    const taken = Promise.withResolvers<Cut>();
    const { base, summary, rejected } = await compactor.compact(() => {
      const cut = this.state.cut();
      taken.resolve(cut);
      return cut;
    });
    const cut = await taken.promise;
    // The next to open the document has loaded, or is about to load, the rows as they are.
    if (this.#skipsCompaction) return;
    const quarantined = pick(cut.rows, rejected);
    // What we have made ourselves is no poison: something else is wrong, and the document stays as it is.
    if (cut.rows.length > cut.tailCount && rejected.includes(0)) throw new Error("a base that cannot be compacted");
    const row = await store.compact(this.name, { base, summary, rows: cut.rows, quarantined });
    const known = decodeSummary(summary);
    if (known === undefined) throw new Error("a compactor whose summary cannot be read");
    this.#replace(cut, { base: { row, update: base, summary: known }, quarantined });
  }

  #replace(cut: Cut, compacted: Compacted): void {
    const { log, metrics } = this.#options;
    this.state.replace(cut, compacted);
    this.#countMemory();
    const updates = compacted.quarantined.length;
    if (updates === 0) return;
    metrics.quarantinedUpdates.inc(updates);
    log.warn({ event: "updates-quarantined", updates });
  }
}

async function load<Result>(
  name: string,
  { store, log, metrics }: DocumentOptions,
  take: (stored: StoredDocument | undefined) => Result,
): Promise<Result> {
  metrics.documentLoads.inc();
  try {
    return take(await store.load(name));
  } catch (error) {
    metrics.storeFailures.inc({ operation: "load" });
    log.error({ event: "document-unreadable", err: error });
    throw new SessionError(closeReasons.storageUnavailable, "the document cannot be read at the moment");
  }
}

function pick<Item>(items: readonly Item[], indexes: readonly number[]): readonly Item[] {
  return items.filter((_, index) => indexes.includes(index));
}
