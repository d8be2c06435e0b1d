import type { RowId, StoredDocument } from "../../storage/store.ts";
import { CompactionPace } from "../compaction/compaction-pace.ts";
import { type CompactionInput, CompactorClosed, nearsLimit, shouldCompact } from "../compaction/compactor.ts";
import { countRecording } from "../compaction/count-recording.ts";
import { historyInput } from "../history/history-input.ts";
import type { Compacted } from "./compacted/compacted.ts";
import { readCompacted } from "./compacted/read-compacted.ts";
import { type TriedSize, trySize } from "./compacted/tried-size.ts";
import { DocumentDeleted } from "./document-deleted.ts";
import type { MemoryHolder } from "./document-memory.ts";
import type { DocumentOptions } from "./document-options.ts";
import type { DocumentParts } from "./document-parts.ts";
import { type CountedCut, DocumentState } from "./document-state.ts";
import { LogIdentity } from "./log-identity.ts";
import { loadInTurns } from "./reading/load-in-turns.ts";
import type { LogReader } from "./reading/log-reader.ts";
import type { ReadParts } from "./reading/stored-contents.ts";
import { runInTurns, turnsOf } from "./run-in-turns.ts";
import type { StagedContents } from "./waiting-updates.ts";

interface LoadedDocument {
  readonly state: DocumentState;
  readonly staged: StagedContents;
  readonly sequence: RowId;
  readonly rowsAfter: RowId | undefined;
}

/** The state vector of a client that has nothing. */
const emptyVector = Uint8Array.of(0);

/** Memory is counted again after this many committed bytes: counting costs as much as a commit. */
const countedBytes = 4 * 1024;

/**
 * One open document: loads its bytes from the store, unloads them, and has them compacted.
 *
 * Its clocks are in memory as long as it is open, its bytes only while they are used and the memory limit allows.
 */
export class Document implements MemoryHolder {
  readonly name: string;
  readonly state: DocumentState;
  /** Whether compactions keep its deleted content. */
  readonly keepsDeleted: boolean;
  readonly #options: DocumentOptions;
  readonly #staged: StagedContents;
  #sequence: RowId;
  /** The last row that was read from the store, with all rows before it. */
  #readThrough: RowId;
  readonly #identity: LogIdentity;
  #reader: LogReader | undefined;
  /** The compaction that `compact` waits for and that has not begun. */
  #requested: Promise<void> | undefined;
  #isTrying = false;
  /** Whether a compaction has taken its rows. */
  #isCut = false;
  /** Undefined until its size has to be known: most documents never need it. */
  #openedPace: CompactionPace | undefined;
  #loading: Promise<void> | undefined;
  #compacting: Promise<void> | undefined;
  #skipsCompaction = false;
  #isClosing = false;
  /** Defined while `close` waits for a compaction. */
  #compactionSkipped: PromiseWithResolvers<void> | undefined;
  /** The size of the tail from which the next compaction is tried. */
  #compactionBytes = 0;
  #hasFailedToCompact = false;
  /** The bytes committed since its memory was last counted. */
  #uncountedBytes = 0;

  /**
   * `staged`: as for `DocumentState`. Throws `SessionError` storage-unavailable when the document cannot be read, or
   * document-deleted.
   */
  static async open(name: string, staged: StagedContents, options: DocumentOptions): Promise<Document> {
    const take = (stored: StoredDocument | undefined, read: ReadParts): LoadedDocument => ({
      state: new DocumentState(stored, staged, read),
      staged,
      sequence: stored?.sequence ?? 0,
      rowsAfter: stored?.rowsAfter,
    });
    return new Document(name, await loadInTurns(name, options, take), options);
  }

  private constructor(name: string, { state, staged, sequence, rowsAfter }: LoadedDocument, options: DocumentOptions) {
    this.name = name;
    this.state = state;
    this.#sequence = sequence;
    this.#readThrough = sequence;
    this.#identity = new LogIdentity(rowsAfter);
    this.#staged = staged;
    this.keepsDeleted = options.keepsDeleted(name);
    this.#options = options;
    this.#countMemory();
  }

  /**
   * Runs `task` with the document's bytes in memory: synchronously if they are there, otherwise once they are read.
   *
   * Rejects with `SessionError` storage-unavailable when they cannot be read.
   */
  loaded<Result>(task: () => Result): Result | Promise<Awaited<Result>> {
    if (!this.state.isLoaded) return this.#whenLoaded(task);
    const result = task();
    this.#countMemory();
    return result;
  }

  /** The row of its last committed update; 0 for a document without updates. */
  get sequence(): RowId {
    return this.#sequence;
  }

  /** Whether a row was read from the store, and is part of the document. */
  hasRead(row: RowId): boolean {
    return row <= this.#readThrough;
  }

  /** Whether all rows up to the last one are part of the document: those of other nodes may come late. */
  get isComplete(): boolean {
    return !this.#isFollowing || this.hasRead(this.#sequence);
  }

  /** Reads the rows of other nodes that are late. New ones may be by the time it resolves. Rejects as `readAgain`. */
  async complete(): Promise<void> {
    if (this.isComplete) return;
    const [last, readThrough] = [this.#sequence, this.#readThrough];
    if ((await this.#options.store.hasAllRows?.(this.name, this.state.rows)) !== true) await this.readAgain();
    else if (this.#readThrough === readThrough && this.#identity.relation === "same") this.#readThrough = last;
  }

  /** Has `reader` told of updates of other nodes that a reading finds. */
  reportTo(reader: LogReader): void {
    this.#reader = reader;
  }

  /** As `LogIdentity.expectEarlier`. */
  expectEarlier(): void {
    this.#identity.expectEarlier();
  }

  /** Reads what other nodes have written. Rejects as `loaded`, and with `DocumentDeleted`, also for a purged one. */
  async readAgain(): Promise<void> {
    // A reading under way may have begun before the change.
    await this.#loading?.catch(() => {});
    // A compaction replaces the rows in memory.
    while (this.#isCut) await this.#compacting;
    this.#loading ??= this.#load();
    await this.#loading;
  }

  /** Reads the whole committed content. Rejects as `loaded`. */
  async parts(): Promise<DocumentParts> {
    for (;;) {
      const parts = await this.loaded(() => this.#partsIfPrepared());
      if (parts !== undefined) return parts;
      await new Promise<void>((resolve) => this.#options.clock.afterTurn(resolve));
    }
  }

  /** Called after `state.commit`, with the size of the update and its row. */
  committed(bytes: number, row: RowId): void {
    this.#identity.committed(row);
    // Another node's rows may come late.
    this.#sequence = Math.max(this.#sequence, row);
    this.#uncountedBytes += bytes;
    if (this.#uncountedBytes >= countedBytes && this.state.isLoaded) this.#countMemory();
    this.#compactIfDue();
  }

  unload(): boolean {
    // A compaction replaces the rows in memory, so they must stay until it ends.
    if (this.#compacting !== undefined || this.#isTrying || this.#loading !== undefined) return false;
    // A comparison in steps may have to begin again.
    if (this.#staged.classifying.size > 0) return false;
    this.state.unload();
    return true;
  }

  /**
   * Compacts the updates committed so far. Calls that wait share one compaction, and `CompactionPace` bounds how often one
   * begins. Resolves also when the document cannot be compacted, and at once when there is nothing to compact.
   */
  async compact(): Promise<void> {
    if (this.#compacting === undefined && !this.#canCompact) return;
    this.#requested ??= this.#pace.runFirst(async () => {
      await this.#compacted();
      this.#requested = undefined;
      if (this.#canCompact) this.#startCompaction();
      await this.#compacted();
    });
    await this.#requested;
  }

  /**
   * The size that the document would have with `update`, compacted. `CompactionPace` bounds how often that is found out.
   * Rejects with `CompactorClosed`.
   */
  sizeWith(update: Uint8Array): Promise<TriedSize> {
    return this.#pace.run(async () => {
      await this.loaded(() => {
        this.#isTrying = true;
      });
      try {
        const { compactor, metrics } = this.#options;
        return await trySize(update, { compactor, metrics, state: this.state, keepsDeleted: this.keepsDeleted });
      } finally {
        this.#isTrying = false;
      }
    });
  }

  /** Closes a document that is no longer in use. Compacts it if that is possible, and resolves afterwards. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#openedPace?.close();
    await this.#compacted();
    // A call of `compact` that has waited as well may have started one.
    const isCompacting = this.#compacting !== undefined;
    if (!(isCompacting || this.#skipsCompaction) && this.state.tailBytes > 0) this.#startCompaction();
    await this.#compacted();
    this.#options.memory.forget(this);
  }

  /**
   * Makes `close` wait for no compaction any more. The next opening of the document waits for that close, and
   * compactions queue behind those of other documents.
   */
  skipCompaction(): void {
    this.#skipsCompaction = true;
    this.#compactionSkipped?.resolve();
  }

  #partsIfPrepared(): DocumentParts | undefined {
    if (!this.state.isPrepared) {
      this.state.prepareStep();
      return undefined;
    }
    const { before, update } = this.state.answer(emptyVector);
    return { sequence: this.#sequence, isComplete: this.isComplete, updates: [...before, update] };
  }

  async #whenLoaded<Result>(task: () => Result): Promise<Awaited<Result>> {
    // Loads again if the bytes were dropped before this task could run.
    while (!this.state.isLoaded) {
      this.#loading ??= this.#load();
      await this.#loading;
    }
    const result = task();
    this.#countMemory();
    return await result;
  }

  async #load(): Promise<void> {
    try {
      const { relation } = this.#identity;
      const known = this.#isFollowing ? () => this.state.knownLog(relation) : undefined;
      await loadInTurns(this.name, { ...this.#options, known }, known ? this.#expectLog() : this.state.expectContent());
    } finally {
      this.#loading = undefined;
    }
    this.#countMemory();
  }

  /** Whether other nodes write to the store. */
  get #isFollowing(): boolean {
    return this.#options.store.follow !== undefined;
  }

  #expectLog(): (stored: StoredDocument | undefined, read: ReadParts) => void {
    const { relation } = this.#identity;
    const reading = { begun: this.#sequence, relation };
    const take = this.state.expectLog(relation);
    return (stored, read) => {
      this.#sequence = this.#identity.sequenceAfter(stored, this.#sequence, reading);
      const added = take(stored, read);
      this.#readThrough = stored?.sequence ?? 0;
      this.#reader?.found(added);
    };
  }

  #countMemory(): void {
    this.#uncountedBytes = 0;
    this.#options.memory.used(this, this.state.memoryBytes);
  }

  async #compacted(): Promise<void> {
    while (this.#compacting !== undefined && !this.#skipsCompaction) {
      this.#compactionSkipped ??= Promise.withResolvers<void>();
      await Promise.race([this.#compacting, this.#compactionSkipped.promise]);
    }
  }

  get #pace(): CompactionPace {
    this.#openedPace ??= new CompactionPace(this.#options.clock, this.#options.compactor);
    return this.#openedPace;
  }

  get #canCompact(): boolean {
    const { tailBytes } = this.state;
    const isAllowed = this.#compacting === undefined && !this.#skipsCompaction;
    return isAllowed && tailBytes > 0 && tailBytes >= this.#compactionBytes;
  }

  #compactIfDue(): void {
    if (!this.#canCompact) return;
    const { tailBytes, baseBytes } = this.state;
    if (shouldCompact(tailBytes, baseBytes)) this.#startCompaction();
    else if (nearsLimit(this.state, this.#options.limits.documentBytes) && this.#pace.isOpen) void this.compact();
  }

  /** Called only while no compaction runs: there is at most one at a time. */
  #startCompaction(): void {
    this.#compacting = this.#compact().finally(() => {
      this.#compacting = undefined;
      this.#isCut = false;
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
      if (error instanceof CompactorClosed || error instanceof DocumentDeleted) {
        this.#compactionBytes = Number.POSITIVE_INFINITY;
        return;
      }
      metrics.compactions.inc({ outcome: "failed" });
      // The next attempt is made when the tail has doubled.
      this.#compactionBytes = 2 * this.state.tailBytes;
      if (!this.#hasFailedToCompact) {
        this.#options.log.warn({ event: "compaction-failed", err: error });
        this.#options.events.happened({ type: "compaction.failed", document: this.name });
      }
      this.#hasFailedToCompact = true;
    } finally {
      end();
    }
  }

  async #tryToCompact(): Promise<void> {
    const { compactor, metrics, store } = this.#options;
    // The other updates of the transaction that is being reported belong to the cut as well.
    await Promise.resolve();
    const taken = Promise.withResolvers<CountedCut>();
    // Read only when it is this document's turn: of many that close at the same time, one is in memory.
    const takeCut = () => {
      const cut = this.state.cut();
      this.#isCut = true;
      taken.resolve(cut);
      return this.#inputWithHistory(cut);
    };
    const { base, summary, rejected, ...recorded } = await compactor.compact(() => this.loaded(takeCut));
    const cut = await taken.promise;
    // The document may be open again by now, with the rows as they are: they must not change.
    if (this.#skipsCompaction) return;
    const quarantined = cut.rows.filter((_, index) => rejected.includes(index));
    // An earlier compaction made the base, so Yjs can apply it: the fault lies elsewhere.
    if (cut.rows.length > cut.tailCount && rejected.includes(0)) throw new Error("the compactor rejected the base");
    const compaction = { base, summary, rows: cut.rows, quarantined, ...recorded };
    const row = await store.compact(this.name, compaction).catch((error: unknown) => this.#readChanged(cut, error));
    if (row === undefined) return;
    countRecording(recorded, metrics);
    await runInTurns(readCompacted(base, summary), turnsOf(this.#options.clock), (read) => {
      this.#replace(cut, { base: { row, update: base, summary: read.summary }, deletes: read.deletes, quarantined });
    });
  }

  /** Resolves if another node has changed the rows of a cut meanwhile, and throws the error of its compaction otherwise. */
  async #readChanged(cut: CountedCut, error: unknown): Promise<undefined> {
    if (!this.#isFollowing) throw error;
    this.#isCut = false;
    await this.readAgain();
    const rows = await this.loaded(() => this.state.cut().rows);
    if (cut.rows.every((row, index) => rows[index] === row)) throw error;
  }

  #inputWithHistory(cut: CountedCut): CompactionInput | Promise<CompactionInput> {
    const { clock, keepsHistory, store } = this.#options;
    const input = { bytes: cut.bytes, lengths: cut.lengths, keepsDeleted: this.keepsDeleted };
    if (store.history === undefined || keepsHistory?.(this.name) !== true) return input;
    const facts = { rows: cut.rows, tailCount: cut.tailCount, now: clock.now(), isFinal: this.#isClosing };
    return store.history.progress(this.name).then((progress) => ({ ...input, history: historyInput(progress, facts) }));
  }

  #replace(cut: CountedCut, compacted: Compacted): void {
    const { log, metrics } = this.#options;
    this.state.replace(cut, compacted);
    this.#countMemory();
    const updates = compacted.quarantined.length;
    if (updates === 0) return;
    metrics.quarantinedUpdates.inc(updates);
    log.warn({ event: "updates-quarantined", updates });
  }
}
