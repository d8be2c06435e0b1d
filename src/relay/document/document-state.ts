import type { RowId, StoredDocument, StoredUpdate } from "../../storage/store.ts";
import type { RelayLimits } from "../limits.ts";
import type { FastUpdate } from "../update/fast/fast-update.ts";
import { IdSet } from "../update/id-set.ts";
import type { Steps } from "../update/large/steps.ts";
import type { UpdateCounts } from "../update/large/update-bounds.ts";
import { decodeStateVector, encodeStateVectorOf } from "../update/state-vector.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { type ContentCounts, countsOf, decodeContents, type UpdateContents } from "../update/update-contents.ts";
import type { Compacted } from "./compacted/compacted.ts";
import { type Classification, changes, type Growth } from "./comparison/classification.ts";
import { compareInSteps } from "./comparison/compare-in-steps.ts";
import { withoutRepetition } from "./comparison/without-repetition.ts";
import { type Answer, type Cut, DocumentContent, readBase } from "./document-content.ts";
import { type KnownLog, type LogRelation, readLog } from "./reading/read-log.ts";
import { nothingRead, type ReadParts, storedContents } from "./reading/stored-contents.ts";
import { nothingStaged, type StagedContents } from "./waiting-updates.ts";

/** The bounds on the counts of a document. */
export type CountLimits = Pick<RelayLimits, "documentStructs" | "documentClients" | "documentDeletedRanges">;

/** The rows that a compaction is given, with their counts. */
export interface CountedCut extends Cut {
  readonly counts: ContentCounts;
}

/**
 * The state of one document in memory, and the place where an update is classified.
 *
 * An update passes through it in two steps, both called by `Submissions`: `classify` compares its contents with the
 * clocks that are held, `commit` makes it part of the document. Updates that wait for the store in between (the staged
 * ones, see `WaitingUpdates`) count for `classify` only: answers, state vector and sizes are those of the committed
 * document.
 *
 * The clocks of all committed updates are always in memory. The updates themselves, unparsed, and their deletes are
 * there only while the document is loaded (`DocumentContent`). No `Y.Doc` is built: it takes nine times the bytes, and
 * relaying does not need one.
 */
export class DocumentState {
  #content: DocumentContent | undefined;
  #held = new IdSet();
  /** The contents of the updates that wait for the store. Their owner changes the sets. */
  readonly #staged: StagedContents;
  /** The structs of quarantined updates: known, but not held. */
  readonly #quarantined = new IdSet();
  #stateVector: Uint8Array | undefined;
  /** The row of the base; 0 without one. */
  #baseRow: RowId = 0;
  #baseBytes = 0;
  #tailBytes = 0;
  #appendedBytes = 0;
  /** The counts of base and tail. Those of the tail are sums: compacted, it may have fewer. */
  #counts: ContentCounts = { structs: 0, deletedRanges: 0 };
  /** The rows of the tail, in any order, while the content is not loaded. */
  #unloadedRows: RowId[] = [];
  /** The updates committed since the content was requested, while it is being read. */
  #committedWhileLoading: StoredUpdate[] | undefined;

  /**
   * `staged`: the contents of the updates that wait for the store. `read`: what was read from `stored` in steps.
   *
   * Throws `StoreError` corrupt for a row that does not hold a Yjs update.
   */
  constructor(
    stored: StoredDocument | undefined,
    staged: StagedContents = nothingStaged(),
    read: ReadParts = nothingRead,
  ) {
    this.#staged = staged;
    const base = stored?.base && readBase(stored.base, read.summary);
    const tail = stored?.tail ?? [];
    this.#content = new DocumentContent(base, tail, read.deletes);
    this.#baseRow = base?.row ?? 0;
    this.#baseBytes = base?.update.byteLength ?? 0;
    if (base !== undefined) {
      if (read.held === undefined) this.#held.addAll(base.summary.structs);
      else this.#held.absorb(read.held);
      this.#counts = base.summary.counts;
    }
    for (const entry of tail) {
      const contents = read.contents.get(entry.row) ?? storedContents(entry);
      this.#held.absorb(contents.structs);
      this.#count(contents);
      this.#tailBytes += entry.update.byteLength;
    }
    for (const entry of stored?.quarantined ?? []) this.#quarantine(entry.update);
  }

  /** Whether the document holds structs of a client but lacks earlier ones of it. */
  get hasGaps(): boolean {
    return this.#held.hasGaps;
  }

  get bytes(): number {
    return this.#baseBytes + this.#tailBytes;
  }

  get baseBytes(): number {
    return this.#baseBytes;
  }

  /** The counts of the committed document. Updates that are not compacted count each with all that they repeat. */
  get counts(): UpdateCounts {
    return { ...this.#counts, clients: this.#held.clientCount };
  }

  /** Whether the counts would be within these limits with one more of each. */
  hasCountsWithin({ documentStructs, documentDeletedRanges, documentClients }: CountLimits): boolean {
    const { structs, deletedRanges } = this.#counts;
    const isWithin = structs < documentStructs && deletedRanges < documentDeletedRanges;
    return isWithin && this.#held.clientCount < documentClients;
  }

  /** The clients of these contents that the document does not know yet. */
  newClients({ structs }: UpdateContents): number {
    return structs.clientsBeyond(this.#knownStructs);
  }

  get tailBytes(): number {
    return this.#tailBytes;
  }

  /** The bytes of all updates committed since the document was opened. Compactions do not change it. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** An estimate of the memory that the content takes; 0 while it is not loaded. */
  get memoryBytes(): number {
    return this.#content?.memoryBytes ?? 0;
  }

  /** The memory that answers share: an update, or all that will be read. */
  get shared(): { readonly source: object; readonly sourceBytes: number } {
    const update = this.#content?.shared;
    if (update === undefined) return { source: this, sourceBytes: this.bytes };
    return { source: update, sourceBytes: update.byteLength };
  }

  /** Whether the content is in memory: `answer`, `cut`, `replace`, and `classify` of an update with deletes need it. */
  get isLoaded(): boolean {
    return this.#content !== undefined;
  }

  /** Drops the content. The clocks of the structs stay, and the rows of the tail. */
  unload(): void {
    if (this.#content === undefined) return;
    this.#unloadedRows = this.#content.tailRows();
    this.#content = undefined;
  }

  /**
   * Called before the document's log is read. The returned function takes the result, and adds the updates that were
   * committed in between.
   *
   * Of the tail that was read, only the rows count that were part of the document before. The others are committed later,
   * by `commit`: rows of this process whose commit is not reported yet, and rows of other writers.
   */
  expectContent(): (stored: StoredDocument | undefined, read: ReadParts) => void {
    const committedSince: StoredUpdate[] = [];
    this.#committedWhileLoading = committedSince;
    const rows = new Set(this.#unloadedRows);
    return (stored, read) => {
      const committedBefore = stored?.tail.filter(({ row }) => rows.has(row)) ?? [];
      const base = stored?.base && readBase(stored.base, read.summary);
      for (const each of committedSince) read.deletes?.addAll(storedContents(each).deletes);
      this.#content = new DocumentContent(base, [...committedBefore, ...committedSince], read.deletes);
      this.#committedWhileLoading = undefined;
      this.#unloadedRows = [];
    };
  }

  /**
   * As `expectContent`, for a log that other nodes write as well: all of it is part of the document afterwards. The
   * returned function returns what was not part of it before. Deletes are compared only if the content is in memory.
   */
  expectLog(relation: LogRelation): (stored: StoredDocument | undefined, read: ReadParts) => readonly DecodedUpdate[] {
    const committedSince: StoredUpdate[] = [];
    this.#committedWhileLoading = committedSince;
    return (stored, read) => {
      this.#committedWhileLoading = undefined;
      const known = this.knownLog(relation, committedSince);
      const later = committedSince.filter(({ row }) => row > (stored?.sequence ?? 0));
      const log = readLog(stored, read, later);
      const added = log.addedTo(known);
      // Built anew: the update of another node's quarantined row is no part of the document any more.
      this.#held = new IdSet();
      for (const { structs } of log.contents) this.#held.addAll(structs);
      for (const growth of this.#staged.classifying) growth.hasShrunk = true;
      for (const { update } of stored?.quarantined ?? []) this.#quarantine(update);
      this.#content = log.content;
      this.#counts = log.counts;
      this.#baseRow = stored?.base?.row ?? 0;
      this.#baseBytes = log.baseBytes;
      this.#tailBytes = log.tailBytes;
      for (const { update } of added) this.#appendedBytes += update.byteLength;
      this.#unloadedRows = [];
      this.#stateVector = undefined;
      return added;
    };
  }

  /** The rows of base and tail, in any order. */
  get rows(): readonly RowId[] {
    const tail = this.#content?.tailRows() ?? this.#unloadedRows;
    return this.#baseRow === 0 ? tail : [this.#baseRow, ...tail];
  }

  /** The log as this node knows it, with updates that were committed while it is loading. */
  knownLog(relation: LogRelation, committedSince: readonly StoredUpdate[] = []): KnownLog {
    return {
      rows: new Set(relation === "other" ? [] : [...this.rows, ...committedSince.map(({ row }) => row)]),
      structs: this.#committedStructs,
      deletes: this.#content && [this.#content.deletes],
    };
  }

  /**
   * Whether an update with these contents can be classified now. Deletes are compared with the content, which must be
   * loaded.
   */
  canClassify({ deletes }: UpdateContents): boolean {
    return deletes.isEmpty || this.isLoaded;
  }

  /** Compares an update with everything that is committed or staged. Changes nothing. */
  classify({ update, contents }: DecodedUpdate): Classification {
    if (this.#isKnown(contents)) return { kind: "known", committed: this.#isCommitted(contents) };
    const kind = contents.structs.leavesGap(this.#knownStructs) ? "incomplete" : "new";
    const rest = withoutRepetition({ update, contents }, this.#knownStructs, this.#knownDeletes(contents.deletes));
    return { kind, update: rest.update, contents: rest.contents };
  }

  /**
   * As `classify`, in steps, for a large update. Updates that are staged in between and that have clocks in common with
   * it make it begin again, so the verdict holds in the turn in which the last step returns it.
   */
  *classifyInSteps(read: DecodedUpdate): Steps<Classification> {
    while (true) {
      const growth: Growth = { staged: [], hasShrunk: false };
      this.#staged.classifying.add(growth);
      try {
        const verdict = yield* compareInSteps(read, {
          held: this.#committedStructs,
          known: this.#knownStructs,
          knownDeletes: this.#knownDeletes(read.contents.deletes),
        });
        if (!changes(growth, read.contents)) return verdict;
      } finally {
        this.#staged.classifying.delete(growth);
      }
    }
  }

  /** The part of an update that is not committed; undefined when all of it is. The content must be loaded for deletes. */
  uncommitted({ update, contents }: DecodedUpdate): DecodedUpdate | undefined {
    if (this.#isCommitted(contents)) return undefined;
    const deletes = contents.deletes.isEmpty ? [] : [this.#loaded.deletes];
    return withoutRepetition({ update, contents }, this.#committedStructs, deletes);
  }

  /**
   * Whether `classify` would find that all of an update is new and leaves no gap. False also when that cannot be told
   * without more work.
   */
  isContinuedBy({ client, clock, endClock, deletedClient, deletedClock, deletedEndClock }: FastUpdate): boolean {
    const { structs, deletes } = this.#staged;
    if (structs.length > 1) return false;
    const [stagedStructs] = structs;
    if (client >= 0) {
      if (stagedStructs.reach(client, this.#held.reach(client, 0)) !== clock) return false;
      // Structs may be held behind a gap.
      if (this.#held.next(client, clock) < endClock || stagedStructs.next(client, clock) < endClock) return false;
      if (!this.#quarantined.isEmpty) return false;
    }
    if (deletedClient < 0) return true;
    if (this.#content === undefined) return false;
    const known = this.#content.deletes.next(deletedClient, deletedClock);
    return Math.min(known, deletes[0].next(deletedClient, deletedClock)) >= deletedEndClock;
  }

  /** Whether the document holds all of these contents, as far as that is known: deletes are compared with loaded content. */
  holds(contents: UpdateContents): boolean {
    return this.canClassify(contents) && this.#isCommitted(contents);
  }

  /** The clocks among `clocks` whose structs are neither committed nor staged. */
  lacking(clocks: IdSet): IdSet {
    return clocks.without(this.#knownStructs);
  }

  /** Makes an update part of the document. Called once it is stored as `row`. */
  commit(update: Uint8Array, contents: UpdateContents, row: RowId): void {
    this.#count(contents);
    this.#content?.append(update, contents, row);
    this.#held.absorb(contents.structs);
    this.#committedWhileLoading?.push({ update, row });
    if (this.#content === undefined) this.#unloadedRows.push(row);
    this.#tailBytes += update.byteLength;
    this.#appendedBytes += update.byteLength;
    this.#stateVector = undefined;
  }

  stateVector(): Uint8Array {
    this.#stateVector ??= encodeStateVectorOf(this.#held);
    return this.#stateVector;
  }

  /**
   * The answer to a client with that state vector: the structs that it lacks, and all deletes. Throws `DecodeError`.
   */
  answer(stateVector: Uint8Array): Answer {
    const vector = decodeStateVector(stateVector);
    const content = this.#loaded;
    if (vector.size === 0) return content.whole();
    const covered = new IdSet();
    for (const [client, end] of vector) covered.add(client, 0, end);
    return this.#held.isWithin([covered]) ? content.allDeletes(covered) : content.since(stateVector, covered);
  }

  /** The bytes that `answer` merges, or compares with that state vector; 0 if the answer is known. */
  bytesToMerge(stateVector: Uint8Array): number {
    return this.#loaded.bytesToMerge(stateVector);
  }

  /** Whether `answer` takes a bounded time. */
  get isPrepared(): boolean {
    return this.#loaded.isPrepared;
  }

  /** Does a part of the work of all answers, in a bounded time. */
  prepareStep(): void {
    this.#loaded.prepareStep();
  }

  /** All committed rows, for a compaction. At most one compaction runs at a time. */
  cut(): CountedCut {
    return { ...this.#loaded.cut(), counts: this.#counts };
  }

  /** Takes the result of a compaction of `cut`. Updates committed since the cut remain the tail. */
  replace(cut: CountedCut, { base, deletes, quarantined }: Compacted): void {
    const content = this.#loaded;
    this.#counts = {
      structs: base.summary.counts.structs + this.#counts.structs - cut.counts.structs,
      deletedRanges: base.summary.counts.deletedRanges + this.#counts.deletedRanges - cut.counts.deletedRanges,
    };
    const quarantinedUpdates = content.updatesOf(quarantined);
    content.replace(cut, base, deletes);
    this.#baseRow = base.row;
    this.#baseBytes = base.update.byteLength;
    this.#tailBytes -= cut.tailBytes;
    if (quarantinedUpdates.length === 0) return;
    for (const update of quarantinedUpdates) this.#quarantine(update);
    this.#held = content.structs();
    for (const growth of this.#staged.classifying) growth.hasShrunk = true;
    this.#stateVector = undefined;
  }

  get #loaded(): DocumentContent {
    if (this.#content === undefined) throw new Error("the document is not loaded");
    return this.#content;
  }

  /** Counts a quarantined update as known, or clients would bring it again and again. */
  #quarantine(update: Uint8Array): void {
    const contents = decodeContents(update);
    if (contents.kind === "contents") this.#quarantined.addAll(contents.structs);
  }

  get #committedStructs(): readonly IdSet[] {
    return [this.#held, this.#quarantined];
  }

  get #knownStructs(): readonly IdSet[] {
    return [this.#held, this.#quarantined, ...this.#staged.structs];
  }

  #isKnown({ structs, deletes }: UpdateContents): boolean {
    return structs.isWithin(this.#knownStructs) && deletes.isWithin(this.#knownDeletes(deletes));
  }

  #isCommitted({ structs, deletes }: UpdateContents): boolean {
    if (!structs.isWithin(this.#committedStructs)) return false;
    return deletes.isEmpty || deletes.isWithin([this.#loaded.deletes]);
  }

  #knownDeletes(deletes: IdSet): readonly IdSet[] {
    return deletes.isEmpty ? [] : [this.#loaded.deletes, ...this.#staged.deletes];
  }

  #count(contents: UpdateContents): void {
    const { structs, deletedRanges } = countsOf(contents);
    const { structs: structsBefore, deletedRanges: rangesBefore } = this.#counts;
    this.#counts = { structs: structsBefore + structs, deletedRanges: rangesBefore + deletedRanges };
  }
}
