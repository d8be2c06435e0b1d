import { equalFlat } from "lib0/array";
import * as Y from "yjs";
import type { RowId, StoredBase, StoredUpdate } from "../../storage/store.ts";
import { type BaseSummary, decodeSummary, readBaseDeletes } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { encodeDeletes } from "../update/trim-update.ts";
import type { UpdateContents } from "../update/update-contents.ts";
import type { Covered } from "../update/update-pieces.ts";
import { storedContents } from "./stored-contents.ts";
import { type PackedRows, UpdateLog } from "./update-log.ts";

/** The answer to a SyncStep1: everything that the client lacks. */
export interface Answer {
  /** An update to be sent before `update`, when merging the two would cost more than it saves. */
  readonly before: Uint8Array | undefined;
  /** The update after which the client has all of the content. */
  readonly update: Uint8Array;
  /**
   * The structs that the client has, by client: those below a clock. They are not cut from the updates, which are large:
   * the pieces that are sent leave them out.
   */
  readonly covered?: Covered;
}

/** The rows that a compaction is given: the base, if there is one, and the tail as it was then. */
export interface Cut extends PackedRows {
  /** The number of rows that belong to the tail. */
  readonly tailCount: number;
  readonly tailBytes: number;
}

/** A base with its summary. */
export interface Base extends StoredUpdate {
  readonly summary: BaseSummary;
}

interface CachedAnswer {
  readonly stateVector: Uint8Array;
  readonly answer: Answer;
}

/**
 * A base up to this size is merged with the tail. Merging costs 20 ms for the 311 kB of a long text, after each change.
 */
const smallBaseBytes = 16 * 1024;

/** Cutting an update of this size to what a client lacks would block the event loop for 10 ms and more. */
const largeBytes = 256 * 1024;

/** The bytes of memory that one byte of encoded deletes takes once it is decoded. */
const bytesPerDeleteByte = 8;

/**
 * The bytes of a document and everything derived from them: the part that can be dropped from memory and loaded again.
 *
 * An answer is cached until the next commit, because clients that join or reconnect at the same time ask for the same.
 */
export class DocumentContent {
  #base: Base | undefined;
  readonly #tail = new UpdateLog();
  /** The deletes of base and tail; built when they are first needed. */
  #deletes: IdSet | undefined;
  #mergedTail: Uint8Array | undefined;
  #wholeAnswer: Answer | undefined;
  #lastAnswer: CachedAnswer | undefined;

  constructor(base: Base | undefined, tail: readonly StoredUpdate[]) {
    this.#base = base;
    for (const { update, row } of tail) this.#tail.append(update, row);
  }

  /** An estimate of the memory that base, tail and cached answers take. */
  get memoryBytes(): number {
    const base = this.#base?.update;
    const deleteBytes = this.#base === undefined ? 0 : this.#base.update.byteLength - this.#base.summary.structBytes;
    // Shared buffers count once: merging one update returns that update.
    const pieces = new Set([base, this.#mergedTail, this.#wholeAnswer?.update, this.#lastAnswer?.answer.before]);
    pieces.add(this.#lastAnswer?.answer.update);
    if (this.#tail.count === 1) pieces.delete(this.#mergedTail);
    let bytes = this.#tail.byteLength + (this.#deletes === undefined ? 0 : deleteBytes * bytesPerDeleteByte);
    for (const piece of pieces) bytes += piece?.byteLength ?? 0;
    return bytes;
  }

  /** The update that makes most of an answer, and that answers share; undefined until there is one. */
  get shared(): Uint8Array | undefined {
    return this.#base?.update ?? this.#mergedTail;
  }

  append(update: Uint8Array, { deletes }: UpdateContents, row: RowId): void {
    this.#deletes?.addAll(deletes);
    this.#tail.append(update, row);
    this.#dropAnswers();
  }

  /** The deletes of base and tail together. */
  get deletes(): IdSet {
    if (this.#deletes === undefined) {
      this.#deletes = new IdSet();
      if (this.#base !== undefined) this.#deletes.addAll(readBaseDeletes(this.#base.update, this.#base.summary));
      for (const stored of this.#tail.toArray()) this.#deletes.addAll(storedContents(stored).deletes);
    }
    return this.#deletes;
  }

  /** The answer to a client that has nothing. */
  whole(): Answer {
    this.#wholeAnswer ??= this.#makeWhole();
    return this.#wholeAnswer;
  }

  /**
   * The answer to a client with this state vector, whose structs are `covered`. It includes all deletes: they have no
   * clocks of their own, so a state vector does not tell which of them a client has.
   */
  since(stateVector: Uint8Array, covered: IdSet): Answer {
    if (this.#lastAnswer !== undefined && equalFlat(this.#lastAnswer.stateVector, stateVector))
      return this.#lastAnswer.answer;
    const answer = this.#makeSince(stateVector, covered);
    // The vector is copied, because it is a view of a frame whose buffer is used again.
    this.#lastAnswer = { stateVector: stateVector.slice(), answer };
    return answer;
  }

  /**
   * The answer to a client that has all structs because it only lost its connection: all deletes, for the reason given
   * at `since`. The client's own SyncStep2 carries all of its deletes for the same reason.
   */
  allDeletes(): Answer {
    return { before: undefined, update: encodeDeletes(this.deletes) };
  }

  /** The rows for a compaction, copied: later commits do not change them. */
  cut(): Cut {
    return { ...this.#tail.pack(this.#base), tailCount: this.#tail.count, tailBytes: this.#tail.byteLength };
  }

  /** The updates of these rows of the tail. */
  updatesOf(rows: readonly RowId[]): readonly Uint8Array[] {
    if (rows.length === 0) return [];
    return this.#tail.toArray().flatMap(({ row, update }) => (rows.includes(row) ? [update] : []));
  }

  /** Replaces the rows of `cut` by the base that a compaction made of them. Updates committed since remain the tail. */
  replace({ tailCount }: Cut, base: Base): void {
    this.#base = base;
    this.#tail.dropFirst(tailCount);
    // Built again when needed: Yjs deletes more while it compacts, and returning clients bring those deletes as well.
    this.#deletes = undefined;
    this.#dropAnswers();
  }

  /** The clocks of all structs, decoded anew from base and tail. */
  structs(): IdSet {
    const structs = new IdSet();
    if (this.#base !== undefined) structs.addAll(this.#base.summary.structs);
    for (const stored of this.#tail.toArray()) structs.addAll(storedContents(stored).structs);
    return structs;
  }

  #makeWhole(): Answer {
    if (this.#base === undefined) return { before: undefined, update: this.#merged() };
    if (this.#tail.count === 0) return { before: undefined, update: this.#base.update };
    if (this.#base.update.byteLength > smallBaseBytes) return { before: this.#base.update, update: this.#merged() };
    return { before: undefined, update: mergeUpdates([this.#base.update, this.#merged()]) };
  }

  #makeSince(stateVector: Uint8Array, covered: IdSet): Answer {
    const base = this.#base;
    const lacksBase = base !== undefined && !base.summary.structs.isWithin([covered]);
    const diff = (update: Uint8Array) => (isLarge(update) ? update : Y.diffUpdate(update, stateVector));
    const fromBase = lacksBase ? diff(base.update) : encodeDeletes(this.deletes);
    const fromTail = this.#tail.count === 0 ? undefined : diff(this.#merged());
    if (isLarge(fromBase) || (fromTail !== undefined && isLarge(fromTail))) {
      const clocks = covered.stateVector();
      if (fromTail === undefined) return { before: undefined, update: fromBase, covered: clocks };
      return { before: fromBase, update: fromTail, covered: clocks };
    }
    if (fromTail === undefined) return { before: undefined, update: fromBase };
    if (lacksBase) return { before: fromBase, update: fromTail };
    return { before: undefined, update: mergeUpdates([fromTail, fromBase]) };
  }

  #merged(): Uint8Array {
    this.#mergedTail ??= mergeUpdates(this.#tail.toArray().map(({ update }) => update));
    return this.#mergedTail;
  }

  #dropAnswers(): void {
    this.#mergedTail = undefined;
    this.#wholeAnswer = undefined;
    this.#lastAnswer = undefined;
  }
}

function isLarge({ byteLength }: Uint8Array): boolean {
  return byteLength > largeBytes;
}

/**
 * Reads a stored base, and derives its summary where none is stored. Throws `StoreError` corrupt when it is not a Yjs
 * update.
 */
export function readBase({ row, update, summary }: StoredBase): Base {
  return { row, update, summary: (summary && decodeSummary(summary)) ?? readSummary({ row, update }) };
}

function readSummary(base: StoredUpdate): BaseSummary {
  const { structs, structBytes } = storedContents(base);
  return { structs, structBytes };
}
