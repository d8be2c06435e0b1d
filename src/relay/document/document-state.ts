import type { RowId, StoredDocument } from "../../storage/store.ts";
import { IdSet } from "../update/id-set.ts";
import { decodeStateVector, encodeStateVector } from "../update/state-vector.ts";
import { type DecodedUpdate, trimUpdate } from "../update/trim-update.ts";
import { decodeContents, type UpdateContents } from "../update/update-contents.ts";
import { type Answer, type Base, type Cut, DocumentContent, readBase } from "./document-content.ts";
import { storedContents } from "./stored-contents.ts";

/** The verdict of `DocumentState.classify`: the relation of an update to a document. */
export type Classification =
  | {
      /** The update changes nothing. */
      readonly kind: "known";
      /**
       * False when it is known only because of staged updates: it must not be acknowledged before those are committed.
       */
      readonly committed: boolean;
    }
  | {
      /** `incomplete`: the document lacks earlier structs of a client whose structs the update brings. */
      readonly kind: "new" | "incomplete";
      /** The update to store and forward: unchanged, or without the part that is known already. */
      readonly update: Uint8Array;
      /** The contents of `update`. */
      readonly contents: UpdateContents;
    };

/** The result of a compaction. */
export interface Compacted {
  readonly base: Base;
  /** The rows of the tail whose updates are not in the base: they are no part of the document any more. */
  readonly quarantined: readonly RowId[];
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
  #stagedCount = 0;
  /** The structs of quarantined updates: known, but not held. */
  readonly #quarantined = new IdSet();
  #knownStructs = [this.#held, this.#stagedStructs, this.#quarantined];
  #stateVector: Uint8Array | undefined;
  #baseBytes = 0;
  #tailBytes = 0;
  #lastRow: RowId = 0;
  #appendedBytes = 0;
  /** The updates committed since the content was requested, while it is being read. */
  #committedWhileLoading: { readonly update: Uint8Array; readonly row: RowId }[] | undefined;

  /** Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
  constructor(stored: StoredDocument | undefined) {
    const base = stored?.base && readBase(stored.base);
    const tail = stored?.tail ?? [];
    this.#content = new DocumentContent(base, tail);
    this.#baseBytes = base?.update.byteLength ?? 0;
    if (base !== undefined) this.#held.addAll(base.summary.structs);
    for (const entry of tail) {
      this.#held.addAll(storedContents(entry).structs);
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
  expectContent(): (stored: StoredDocument | undefined) => void {
    const committedSince: { readonly update: Uint8Array; readonly row: RowId }[] = [];
    this.#committedWhileLoading = committedSince;
    const lastRow = this.#lastRow;
    return (stored) => {
      const committedBefore = stored?.tail.filter(({ row }) => row <= lastRow) ?? [];
      this.#content = new DocumentContent(stored?.base && readBase(stored.base), [
        ...committedBefore,
        ...committedSince,
      ]);
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

  /** The clocks among `clocks` whose structs are neither committed nor staged. */
  lacking(clocks: IdSet): IdSet {
    return clocks.without(this.#knownStructs);
  }

  /** Counts `contents` as known from now on, until its commit or `discardStaged`. */
  stage(contents: UpdateContents): void {
    this.#stagedStructs.addAll(contents.structs);
    this.#stagedDeletes.addAll(contents.deletes);
    this.#stagedCount += 1;
  }

  /** Makes the first staged update part of the document. Called once it is stored, in the order of `stage`. */
  commit(update: Uint8Array, contents: UpdateContents, row: RowId): void {
    if (this.#stagedCount === 0) throw new Error("cannot commit an update that is not staged");
    this.#held.addAll(contents.structs);
    this.#content?.append(update, contents, row);
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
    this.#stagedStructs.clear();
    this.#stagedDeletes.clear();
    this.#stagedCount = 0;
  }

  stateVector(): Uint8Array {
    this.#stateVector ??= encodeStateVector(this.#held.stateVector());
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
  cut(): Cut {
    return this.#loaded.cut();
  }

  /** Takes the result of a compaction of `cut`. Updates committed since the cut remain the tail. */
  replace(cut: Cut, { base, quarantined }: Compacted): void {
    const content = this.#loaded;
    const quarantinedUpdates = content.updatesOf(quarantined);
    content.replace(cut, base);
    this.#baseBytes = base.update.byteLength;
    this.#tailBytes -= cut.tailBytes;
    if (quarantinedUpdates.length === 0) return;
    for (const update of quarantinedUpdates) this.#quarantine(update);
    this.#held = content.structs();
    this.#knownStructs = [this.#held, this.#stagedStructs, this.#quarantined];
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
    return deletes.isEmpty ? [] : [this.#loaded.deletes, this.#stagedDeletes];
  }
}
