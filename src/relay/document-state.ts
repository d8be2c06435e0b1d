import { equalFlat } from "lib0/array";
import * as Y from "yjs";
import { type RowId, type StoredDocument, type StoredUpdate, StoreError } from "../storage/store.ts";
import { ClockSet } from "./clock-set.ts";
import { mergeUpdates } from "./merge-updates.ts";
import { decodeStateVector, encodeStateVector } from "./state-vector.ts";
import { encodeDeletes, type ReadUpdate, trimUpdate } from "./trim-update.ts";
import { decodeContents, type Malformed, type UpdateContents } from "./update-contents.ts";
import { UpdateLog } from "./update-log.ts";

/** What an update is to a document. */
export type Classification =
  | Malformed
  | {
      /** It changes nothing. */
      readonly kind: "known";
      readonly contents: UpdateContents;
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

/** What goes into a compaction. */
export interface Cut {
  readonly updates: readonly Uint8Array[];
  readonly rows: readonly RowId[];
  /** How many of them are the tail's. */
  readonly tailCount: number;
}

/** The answer to one state vector. */
interface Diff {
  readonly stateVector: Uint8Array;
  readonly update: Uint8Array;
}

/**
 * A document as the relay holds it: its committed updates, unparsed, and which clocks they bring and delete.
 *
 * No `Y.Doc`: that costs nine times the bytes, and relaying needs none. Updates between `stage` and `commit` only count
 * for what `classify` takes for known.
 */
export class DocumentState {
  #base: StoredUpdate | undefined;
  readonly #tail = new UpdateLog();
  readonly #held = new ClockSet();
  /** What base and tail delete; built when it is first asked for. */
  #deletes: ClockSet | undefined;
  readonly #stagedStructs = new ClockSet();
  readonly #stagedDeletes = new ClockSet();
  #stagedCount = 0;
  readonly #knownStructs = [this.#held, this.#stagedStructs];
  #stateVector: Uint8Array | undefined;
  #fullState: Uint8Array | undefined;
  #lastDiff: Diff | undefined;

  /** Throws `StoreError` corrupt for a row that is no update. */
  constructor(stored: StoredDocument | undefined) {
    if (stored === undefined) return;
    this.#base = stored.base;
    if (stored.base !== undefined) this.#held.addAll(contentsOf(stored.base).structs);
    for (const entry of stored.tail) {
      this.#held.addAll(contentsOf(entry).structs);
      this.#tail.append(entry.update, entry.row);
    }
  }

  /** Whether structs are held while some before them, of the same client, are not. */
  get hasGaps(): boolean {
    return this.#held.hasGaps;
  }

  get bytes(): number {
    return this.baseBytes + this.tailBytes;
  }

  get baseBytes(): number {
    return this.#base?.update.byteLength ?? 0;
  }

  get tailBytes(): number {
    return this.#tail.byteLength;
  }

  classify(update: Uint8Array): Classification {
    const contents = decodeContents(update);
    if (contents.kind === "malformed") return contents;
    if (this.#isKnown(contents)) return { kind: "known", contents, committed: this.#isCommitted(contents) };
    const kind = contents.structs.leavesGap(this.#knownStructs) ? "incomplete" : "new";
    return { kind, ...this.#withoutRepetition({ update, contents }) };
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
    this.#deletes?.addAll(contents.deletes);
    this.#tail.append(update, row);
    this.#stateVector = undefined;
    this.#forgetDiffs();
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

  /**
   * What a client with that state vector lacks, and all deletes.
   *
   * The same vector gets the same bytes until the next commit: clients that join or come back at once have the same.
   * Throws `SessionError` malformed-frame.
   */
  diff(stateVector: Uint8Array): Uint8Array {
    const vector = decodeStateVector(stateVector);
    if (vector.size === 0) {
      this.#fullState ??= mergeUpdates(this.#parts());
      return this.#fullState;
    }
    if (this.#lastDiff !== undefined && equalFlat(this.#lastDiff.stateVector, stateVector))
      return this.#lastDiff.update;
    const update = this.#isCovered(vector) ? this.#allDeletes() : this.#cutOff(stateVector);
    // A copy: the vector is a view of a frame.
    this.#lastDiff = { stateVector: stateVector.slice(), update };
    return update;
  }

  #isCovered(vector: ReadonlyMap<number, number>): boolean {
    const covered = new ClockSet();
    for (const [client, end] of vector) covered.add(client, 0, end);
    return this.#held.isWithin([covered]);
  }

  /** For a client that only lost its connection; its own SyncStep2 needs the set of all deletes just as well. */
  #allDeletes(): Uint8Array {
    return encodeDeletes(this.#committedDeletes());
  }

  #cutOff(stateVector: Uint8Array): Uint8Array {
    const parts = this.#fullState === undefined ? this.#parts() : [this.#fullState];
    return mergeUpdates(parts.map((part) => Y.diffUpdate(part, stateVector)));
  }

  /** Everything that is committed, for a compaction. At most one is under way. */
  cut(): Cut {
    const tail = this.#tail.toArray();
    const entries = this.#base === undefined ? tail : [this.#base, ...tail];
    return {
      updates: entries.map(({ update }) => update),
      rows: entries.map(({ row }) => row),
      tailCount: tail.length,
    };
  }

  /** The compaction's result, which says what the cut said; what was committed since remains the tail. */
  replace(cut: Cut, base: Uint8Array, row: RowId): void {
    this.#base = { update: base, row };
    this.#tail.dropFirst(cut.tailCount);
    // Built again when needed: a compacted base deletes more than was said, and clients say so when they come back.
    this.#deletes = undefined;
    this.#forgetDiffs();
  }

  #isKnown({ structs, deletes }: UpdateContents): boolean {
    return structs.isWithin(this.#knownStructs) && deletes.isWithin(this.#knownDeletes(deletes));
  }

  #isCommitted({ structs, deletes }: UpdateContents): boolean {
    if (this.#stagedCount === 0) return true;
    return structs.isWithin([this.#held]) && (deletes.isEmpty || deletes.isWithin([this.#committedDeletes()]));
  }

  /**
   * A peer's whole state repeats what is held, each SyncStep2 all deletes. Storing and forwarding the rest saves the
   * space, and more: a client that has other structs for the same clocks throws in `Y.applyUpdate` at one that goes on
   * beyond them, and no look at an update alone can tell.
   *
   * Structs are cut as in a SyncStep2, at the first gap. What is held behind a gap is repeated: it is pending in the
   * clients, and Yjs can keep that pending for ever unless one update brings it together with all that it waits for.
   */
  #withoutRepetition(read: ReadUpdate): ReadUpdate {
    const { structs, deletes } = read.contents;
    const repeated = { structs: structs.repeatedUpTo(this.#knownStructs), deletes: this.#knownDeletes(deletes) };
    if (repeated.structs.size === 0 && !deletes.overlaps(repeated.deletes)) return read;
    return trimUpdate(read, repeated);
  }

  #knownDeletes(deletes: ClockSet): readonly ClockSet[] {
    return deletes.isEmpty ? [] : [this.#committedDeletes(), this.#stagedDeletes];
  }

  #committedDeletes(): ClockSet {
    if (this.#deletes === undefined) {
      this.#deletes = new ClockSet();
      if (this.#base !== undefined) this.#deletes.addAll(contentsOf(this.#base).deletes);
      for (const stored of this.#tail.toArray()) this.#deletes.addAll(contentsOf(stored).deletes);
    }
    return this.#deletes;
  }

  /** Base and tail as one update each: in one tree the large base would be written again on every level. */
  #parts(): readonly Uint8Array[] {
    const base = this.#base === undefined ? [] : [this.#base.update];
    if (this.#tail.count === 0) return base;
    return [...base, mergeUpdates(this.#tail.toArray().map(({ update }) => update))];
  }

  #forgetDiffs(): void {
    this.#fullState = undefined;
    this.#lastDiff = undefined;
  }
}

function contentsOf({ row, update }: StoredUpdate): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "contents") return contents;
  throw new StoreError("corrupt", `Row ${row} does not hold a Yjs update: ${contents.detail}.`);
}
