import type { RowId, StoredDocument } from "../../storage/store.ts";
import { IdSet } from "../update/id-set.ts";
import { rangesPerStep, type Steps } from "../update/large/steps.ts";
import { trimInSteps } from "../update/large/trim-in-steps.ts";
import type { UpdateCounts } from "../update/large/update-bounds.ts";
import { decodeStateVector, encodeStateVectorOf } from "../update/state-vector.ts";
import { type DecodedUpdate, trimUpdate } from "../update/trim-update.ts";
import { type ContentCounts, countsOf, decodeContents, type UpdateContents } from "../update/update-contents.ts";
import { type Classification, changes, type Growth } from "./classification.ts";
import { type Answer, type Base, type Cut, DocumentContent, readBase } from "./document-content.ts";
import { nothingRead, type ReadParts, storedContents } from "./stored-contents.ts";

/** The result of a compaction. */
export interface Compacted {
  readonly base: Base;
  /** The deletes of the base, if they are large. */
  readonly deletes?: IdSet | undefined;
  /** The rows of the tail whose updates are not in the base: they are no part of the document any more. */
  readonly quarantined: readonly RowId[];
}

/** The rows that a compaction is given, with their counts. */
export interface CountedCut extends Cut {
  readonly counts: ContentCounts;
}

/**
 * The state of one document in memory, and the place where an update is classified.
 *
 * An update passes through it in three steps, all called by `SyncRoom`: `classify` compares its contents with the
 * clocks that are held, `stage` counts it as known while it waits for the store, `commit` makes it part of the
 * document. When the store gives up, `discardStaged` takes the second step back. A staged update counts for `classify`
 * only: answers, state vector and sizes are those of the committed document.
 *
 * The clocks of all committed updates are always in memory. The updates themselves, unparsed, and their deletes are
 * there only while the document is loaded (`DocumentContent`). No `Y.Doc` is built: it takes nine times the bytes, and
 * relaying does not need one.
 */
export class DocumentState {
  #content: DocumentContent | undefined;
  #held = new IdSet();
  readonly #stagedStructs = new IdSet();
  readonly #stagedDeletes = new IdSet();
  /** The large ones among the staged updates, in order: adding them to the sets would take too long. */
  #stagedLarge: UpdateContents[] = [];
  #stagedCount = 0;
  /** The classifications in steps that have not ended. */
  readonly #classifying = new Set<Growth>();
  /** The structs of quarantined updates: known, but not held. */
  readonly #quarantined = new IdSet();
  #knownStructs = [this.#held, this.#stagedStructs, this.#quarantined];
  #stateVector: Uint8Array | undefined;
  #baseBytes = 0;
  #tailBytes = 0;
  #lastRow: RowId = 0;
  #appendedBytes = 0;
  /** The counts of base and tail. Those of the tail are sums: compacted, it may have fewer. */
  #counts: ContentCounts = { structs: 0, deletedRanges: 0 };
  /** The updates committed since the content was requested, while it is being read. */
  #committedWhileLoading: { readonly update: Uint8Array; readonly row: RowId }[] | undefined;

  /** Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
  constructor(stored: StoredDocument | undefined, read: ReadParts = nothingRead) {
    const base = stored?.base && readBase(stored.base, read.summary);
    const tail = stored?.tail ?? [];
    this.#content = new DocumentContent(base, tail, read.deletes);
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
      this.#lastRow = entry.row;
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

  /** Drops the content. The clocks of the structs stay. */
  unload(): void {
    this.#content = undefined;
  }

  /**
   * Called before the document's log is read. The returned function takes the result, and adds the updates that were
   * committed in between.
   */
  expectContent(): (stored: StoredDocument | undefined, read: ReadParts) => void {
    const committedSince: { readonly update: Uint8Array; readonly row: RowId }[] = [];
    this.#committedWhileLoading = committedSince;
    const lastRow = this.#lastRow;
    return (stored, read) => {
      const committedBefore = stored?.tail.filter(({ row }) => row <= lastRow) ?? [];
      const base = stored?.base && readBase(stored.base, read.summary);
      for (const each of committedSince) read.deletes?.addAll(storedContents(each).deletes);
      this.#content = new DocumentContent(base, [...committedBefore, ...committedSince], read.deletes);
      this.#committedWhileLoading = undefined;
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
    const rest = this.#withoutRepetition({ update, contents });
    return { kind, update: rest.update, contents: rest.contents };
  }

  /**
   * As `classify`, in steps, for a large update. Updates that are staged in between and that have clocks in common with
   * it make it begin again, so the verdict holds in the turn in which the last step returns it.
   */
  *classifyInSteps(read: DecodedUpdate): Steps<Classification> {
    while (true) {
      const growth: Growth = { staged: [], hasShrunk: false };
      this.#classifying.add(growth);
      try {
        const verdict = yield* this.#compareInSteps(read);
        if (!changes(growth, read.contents)) return verdict;
      } finally {
        this.#classifying.delete(growth);
      }
    }
  }

  /** The clocks among `clocks` whose structs are neither committed nor staged. */
  lacking(clocks: IdSet): IdSet {
    return clocks.without(this.#knownStructs);
  }

  /** Counts `contents` as known from now on, until its commit or `discardStaged`. */
  stage(contents: UpdateContents): void {
    if (isLarge(contents)) {
      this.#stagedLarge.push(contents);
      this.#updateKnown();
    } else {
      this.#stagedStructs.addAll(contents.structs);
      this.#stagedDeletes.addAll(contents.deletes);
    }
    this.#stagedCount += 1;
    for (const { staged } of this.#classifying) staged.push(contents);
  }

  /** Makes the first staged update part of the document. Called once it is stored, in the order of `stage`. */
  commit(update: Uint8Array, contents: UpdateContents, row: RowId): void {
    if (this.#stagedCount === 0) throw new Error("cannot commit an update that is not staged");
    if (contents === this.#stagedLarge[0]) {
      this.#stagedLarge.shift();
      this.#updateKnown();
    }
    this.#count(contents);
    this.#content?.append(update, contents, row);
    this.#held.absorb(contents.structs);
    this.#committedWhileLoading?.push({ update, row });
    this.#tailBytes += update.byteLength;
    this.#appendedBytes += update.byteLength;
    this.#lastRow = row;
    this.#stateVector = undefined;
    this.#stagedCount -= 1;
    // Until then committed clocks may stay among the staged ones: they are known either way.
    if (this.#stagedCount === 0) this.discardStaged();
  }

  /** Forgets the staged updates, because none of them will be stored. */
  discardStaged(): void {
    for (const growth of this.#classifying) growth.hasShrunk = true;
    this.#stagedStructs.clear();
    this.#stagedDeletes.clear();
    this.#stagedCount = 0;
    if (this.#stagedLarge.length === 0) return;
    this.#stagedLarge = [];
    this.#updateKnown();
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
    this.#baseBytes = base.update.byteLength;
    this.#tailBytes -= cut.tailBytes;
    if (quarantinedUpdates.length === 0) return;
    for (const update of quarantinedUpdates) this.#quarantine(update);
    this.#held = content.structs();
    for (const growth of this.#classifying) growth.hasShrunk = true;
    this.#updateKnown();
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

  #isKnown({ structs, deletes }: UpdateContents): boolean {
    return structs.isWithin(this.#knownStructs) && deletes.isWithin(this.#knownDeletes(deletes));
  }

  #isCommitted({ structs, deletes }: UpdateContents): boolean {
    if (this.#stagedCount === 0) return true;
    const isHeld = structs.isWithin([this.#held, this.#quarantined]);
    return isHeld && (deletes.isEmpty || deletes.isWithin([this.#loaded.deletes]));
  }

  /**
   * Cuts off the part of an update that is known. A peer's whole state repeats everything that is held, and each
   * SyncStep2 repeats all deletes.
   *
   * Cutting saves space, and it protects clients: a client that has different structs for the same clocks throws in
   * `Y.applyUpdate` at a struct that extends beyond them, and the update alone does not show that.
   *
   * Structs are cut as in a SyncStep2, at the first gap. Structs held behind a gap are repeated: they are pending in
   * the clients, and Yjs can keep them pending for ever unless one update brings them together with all that they wait
   * for.
   */
  #withoutRepetition(read: DecodedUpdate): DecodedUpdate {
    const { structs, deletes } = read.contents;
    const repeatedStructs = structs.repeatedUpTo(this.#knownStructs);
    const knownDeletes = this.#knownDeletes(deletes);
    if (repeatedStructs.size === 0 && !deletes.overlaps(knownDeletes)) return read;
    return trimUpdate(read, { structs: repeatedStructs, deletes: knownDeletes });
  }

  #knownDeletes(deletes: IdSet): readonly IdSet[] {
    if (deletes.isEmpty) return [];
    const large = this.#stagedLarge.map((contents) => contents.deletes);
    return [this.#loaded.deletes, this.#stagedDeletes, ...large];
  }

  #count(contents: UpdateContents): void {
    const { structs, deletedRanges } = countsOf(contents);
    const { structs: structsBefore, deletedRanges: rangesBefore } = this.#counts;
    this.#counts = { structs: structsBefore + structs, deletedRanges: rangesBefore + deletedRanges };
  }

  #updateKnown(): void {
    const large = this.#stagedLarge.map(({ structs }) => structs);
    this.#knownStructs = [this.#held, this.#stagedStructs, this.#quarantined, ...large];
  }

  *#compareInSteps(read: DecodedUpdate): Steps<Classification> {
    const { structs, deletes } = read.contents;
    const held = [this.#held, this.#quarantined];
    const known = this.#knownStructs;
    const knownDeletes = this.#knownDeletes(deletes);
    const repeated = new Map<number, number>();
    let [isKnown, isCommitted, leavesGap, overlaps] = [true, true, false, false];
    for (const part of structs.parts(rangesPerStep)) {
      isKnown &&= part.isWithin(known);
      isCommitted &&= isKnown && part.isWithin(held);
      leavesGap ||= part.leavesGap([structs, ...known]);
      for (const [client, clock] of part.repeatedUpTo(known)) repeated.set(client, clock);
      yield;
    }
    for (const part of deletes.parts(rangesPerStep)) {
      isKnown &&= part.isWithin(knownDeletes);
      isCommitted &&= isKnown && part.isWithin(knownDeletes.slice(0, 1));
      overlaps ||= part.overlaps(knownDeletes);
      yield;
    }
    if (isKnown) return { kind: "known", committed: this.#stagedCount === 0 || isCommitted };
    const kind = leavesGap ? "incomplete" : "new";
    if (repeated.size === 0 && !overlaps) return { kind, update: read.update, contents: read.contents };
    const rest = yield* trimInSteps(read, { structs: repeated, deletes: knownDeletes });
    return { kind, update: rest.update, contents: rest.contents };
  }
}

/** Whether sets of these contents are so large that an operation on all of them may take some milliseconds. */
export function isLarge(contents: Pick<UpdateContents, "counts">): boolean {
  const { structs, deletedRanges } = countsOf(contents);
  return structs + deletedRanges > rangesPerStep;
}
