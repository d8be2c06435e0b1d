import type { RowId, StoredDocument } from "../../storage/store.ts";
import { IdSet } from "../update/id-set.ts";
import { decodeStateVector, encodeStateVector } from "../update/state-vector.ts";
import { type DecodedUpdate, trimUpdate } from "../update/trim-update.ts";
import { decodeContents, type UpdateContents } from "../update/update-contents.ts";
import { type Answer, type Base, type Cut, DocumentContent, readBase } from "./document-content.ts";
import { storedContents } from "./stored-contents.ts";

/** What an update is to a document. */
export type Classification =
  | {
      /** It changes nothing. */
      readonly kind: "known";
      /** False while that rests on updates that are staged: it must not be acknowledged before them. */
      readonly committed: boolean;
    }
  | {
      /** `incomplete`: structs of a client that it brings structs of are missing before those. */
      readonly kind: "new" | "incomplete";
      /** To be stored and forwarded: the update as it came, or, when part of it is known, the rest. */
      readonly update: Uint8Array;
      /** What `update` brings. */
      readonly contents: UpdateContents;
    };

/** What a compaction made of a cut. */
export interface Compacted {
  readonly base: Base;
  /** Those of the cut's tail that are not in the base: they are no part of the document any more. */
  readonly quarantined: readonly RowId[];
}

/**
 * A document as the relay holds it: which clocks its committed updates bring, and, while it is loaded, these updates,
 * unparsed, with what they delete.
 *
 * No `Y.Doc`: that costs nine times the bytes, and relaying needs none. Updates between `stage` and `commit` only count
 * for what `classify` takes for known.
 */
export class DocumentState {
  #content: DocumentContent | undefined;
  #held = new IdSet();
  readonly #stagedStructs = new IdSet();
  readonly #stagedDeletes = new IdSet();
  #stagedCount = 0;
  /** What is set aside: known, but not held. */
  readonly #quarantined = new IdSet();
  #knownStructs = [this.#held, this.#stagedStructs, this.#quarantined];
  #stateVector: Uint8Array | undefined;
  #baseBytes = 0;
  #tailBytes = 0;
  #lastRow: RowId = 0;
  /** What was committed since the content was asked for, when it has not come yet. */
  #committedWhileLoading: { readonly update: Uint8Array; readonly row: RowId }[] | undefined;

  /** Throws `StoreError` corrupt for a row that is no update. */
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

  /** Whether structs are held while some before them, of the same client, are not. */
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

  /** What its content takes in memory, about; 0 while it is not loaded. */
  get memoryBytes(): number {
    return this.#content?.memoryBytes ?? 0;
  }

  /** Whether `answer`, `cut` and `replace` may be called, and `classify` whatever an update brings. */
  get isLoaded(): boolean {
    return this.#content !== undefined;
  }

  /** Drops the bytes; the clocks stay. */
  unload(): void {
    this.#content = undefined;
  }

  /**
   * To be called when the document's log is about to be read; the function that is returned takes the result. What is
   * committed in between is added to it.
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

  /** Whether an update with these contents can be classified now: what it deletes is compared with the content. */
  canClassify({ deletes }: UpdateContents): boolean {
    return deletes.isEmpty || this.isLoaded;
  }

  classify({ update, contents }: DecodedUpdate): Classification {
    if (this.#isKnown(contents)) return { kind: "known", committed: this.#isCommitted(contents) };
    const kind = contents.structs.leavesGap(this.#knownStructs) ? "incomplete" : "new";
    const rest = this.#withoutRepetition({ update, contents });
    return { kind, update: rest.update, contents: rest.contents };
  }

  /** Counts `contents` as known from now on, until `discardStaged`. */
  stage(contents: UpdateContents): void {
    this.#stagedStructs.addAll(contents.structs);
    this.#stagedDeletes.addAll(contents.deletes);
    this.#stagedCount += 1;
  }

  /** The first staged update is stored. Called in the order of `stage`. */
  commit(update: Uint8Array, contents: UpdateContents, row: RowId): void {
    if (this.#stagedCount === 0) throw new Error("a commit of an update that is not staged");
    this.#held.addAll(contents.structs);
    this.#content?.append(update, contents, row);
    this.#committedWhileLoading?.push({ update, row });
    this.#tailBytes += update.byteLength;
    this.#lastRow = row;
    this.#stateVector = undefined;
    this.#stagedCount -= 1;
    // What is committed may stay among what is staged until then: it is known either way.
    if (this.#stagedCount === 0) this.discardStaged();
  }

  /** None of the staged updates will be stored. */
  discardStaged(): void {
    this.#stagedStructs.clear();
    this.#stagedDeletes.clear();
    this.#stagedCount = 0;
  }

  stateVector(): Uint8Array {
    this.#stateVector ??= encodeStateVector(this.#held.stateVector());
    return this.#stateVector;
  }

  /** What a client with that state vector lacks, and all deletes. Throws `DecodeError`. */
  answer(stateVector: Uint8Array): Answer {
    const vector = decodeStateVector(stateVector);
    const content = this.#loaded;
    if (vector.size === 0) return content.whole();
    const covered = new IdSet();
    for (const [client, end] of vector) covered.add(client, 0, end);
    return this.#held.isWithin([covered]) ? content.allDeletes() : content.since(stateVector, covered);
  }

  /** Everything that is committed, for a compaction. At most one is under way. */
  cut(): Cut {
    return this.#loaded.cut();
  }

  /** The compaction's result; what was committed since the cut remains the tail. */
  replace(cut: Cut, { base, quarantined }: Compacted): void {
    const content = this.#loaded;
    const setAside = content.updatesOf(quarantined);
    content.replace(cut, base);
    this.#baseBytes = base.update.byteLength;
    this.#tailBytes -= cut.tailBytes;
    if (setAside.length === 0) return;
    for (const update of setAside) this.#quarantine(update);
    this.#held = content.structs();
    this.#knownStructs = [this.#held, this.#stagedStructs, this.#quarantined];
    this.#stateVector = undefined;
  }

  get #loaded(): DocumentContent {
    if (this.#content === undefined) throw new Error("the document is not loaded");
    return this.#content;
  }

  /** Clients would bring it again and again, if it were not known. */
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
   * A peer's whole state repeats what is held, each SyncStep2 all deletes. Storing and forwarding the rest saves the
   * space, and more: a client that has other structs for the same clocks throws in `Y.applyUpdate` at one that goes on
   * beyond them, and no look at an update alone can tell.
   *
   * Structs are cut as in a SyncStep2, at the first gap. What is held behind a gap is repeated: it is pending in the
   * clients, and Yjs can keep that pending for ever unless one update brings it together with all that it waits for.
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
