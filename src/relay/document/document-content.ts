import { equalFlat } from "lib0/array";
import * as Y from "yjs";
import type { RowId, StoredBase, StoredUpdate } from "../../storage/store.ts";
import { type BaseSummary, decodeSummary, readBaseDeletes } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { encodeDeletes } from "../update/trim-update.ts";
import { countsOf, type UpdateContents } from "../update/update-contents.ts";
import type { Covered } from "../update/update-pieces.ts";
import { MergedTail } from "./merged-tail.ts";
import { storedContents } from "./reading/stored-contents.ts";
import { type PackedRows, UpdateLog } from "./update-log.ts";

/** The answer to a SyncStep1: everything that the client lacks. */
export interface Answer {
  /** Updates to be sent before `update`, when merging them would cost more than it saves. */
  readonly before: readonly Uint8Array[];
  /** The update after which the client has all of the content. */
  readonly update: Uint8Array;
  /**
   * The structs that the client has, by client: those below a clock. They are not cut from the updates, which may be
   * large: the pieces that are sent leave them out.
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
 * Base and tail up to this size are merged, and cut to what a client lacks. Merging costs 20 ms for the 311 kB of a long
 * text, after each change, and cutting as much for each client.
 */
const smallBytes = 16 * 1024;

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
  readonly #mergedTail = new MergedTail(this.#tail);
  /** The deletes of the base alone. */
  #baseDeletes: Uint8Array | undefined;
  #allDeletes: Uint8Array | undefined;
  #wholeAnswer: Answer | undefined;
  #lastAnswer: CachedAnswer | undefined;

  /** `deletes`: those of base and tail, if they are known already. */
  constructor(base: Base | undefined, tail: readonly StoredUpdate[], deletes?: IdSet) {
    this.#base = base;
    this.#deletes = deletes;
    for (const { update, row } of tail) this.#tail.append(update, row);
  }

  /** An estimate of the memory that base, tail and cached answers take. */
  get memoryBytes(): number {
    const base = this.#base?.update;
    const deleteBytes = this.#base === undefined ? 0 : this.#base.update.byteLength - this.#base.summary.structBytes;
    let bytes = this.#tail.byteLength + this.#mergedTail.byteLength + (base?.byteLength ?? 0);
    if (this.#deletes !== undefined) bytes += deleteBytes * bytesPerDeleteByte;
    const small = new Set([this.#wholeAnswer?.update, this.#lastAnswer?.answer.update, this.#allDeletes]);
    for (const answer of [this.#baseDeletes, ...small]) bytes += answer?.byteLength ?? 0;
    return bytes;
  }

  /** The update that makes most of an answer, and that answers share; undefined until there is one. */
  get shared(): Uint8Array | undefined {
    return this.#base?.update ?? this.#mergedTail.first;
  }

  /** The bytes that are merged, or compared with that state vector, for an answer to it. */
  bytesToMerge(stateVector: Uint8Array): number {
    const isEmpty = stateVector.byteLength === 1;
    const isCompared = this.#isSmall && !isEmpty;
    return (
      this.#mergedTail.bytesToMerge + (isCompared ? (this.#base?.update.byteLength ?? 0) + this.#tail.byteLength : 0)
    );
  }

  /** Whether an answer takes a bounded time. */
  get isPrepared(): boolean {
    return this.#mergedTail.isPrepared;
  }

  /** Does a part of the work of all answers, in a bounded time. */
  prepareStep(): void {
    this.#mergedTail.prepareStep();
  }

  /** The deletes must not be used afterwards. */
  append(update: Uint8Array, { deletes }: UpdateContents, row: RowId): void {
    this.#deletes?.absorb(deletes);
    this.#tail.append(update, row);
    this.#dropAnswers();
  }

  /** The rows of the tail, in the order of their commits. */
  tailRows(): RowId[] {
    return this.#tail.rows();
  }

  /** The deletes of base and tail together. */
  get deletes(): IdSet {
    if (this.#deletes === undefined) {
      this.#deletes = new IdSet();
      if (this.#base !== undefined) this.#deletes.addAll(readBaseDeletes(this.#base.update, this.#base.summary));
      this.#addDeletesOfTail(this.#deletes);
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
  allDeletes(covered: IdSet): Answer {
    if (!this.#isSmall) return this.#uncovered(covered);
    this.#allDeletes ??= encodeDeletes(this.deletes);
    return { before: [], update: this.#allDeletes };
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
  replace({ tailCount }: Cut, base: Base, baseDeletes?: IdSet): void {
    this.#base = base;
    this.#tail.dropFirst(tailCount);
    this.#mergedTail.clear();
    this.#baseDeletes = undefined;
    // Built again when needed: Yjs deletes more while it compacts, and returning clients bring those deletes as well.
    this.#deletes = baseDeletes;
    if (baseDeletes !== undefined) this.#addDeletesOfTail(baseDeletes);
    this.#dropAnswers();
  }

  /** The clocks of all structs, decoded anew from base and tail. */
  structs(): IdSet {
    const structs = new IdSet();
    if (this.#base !== undefined) structs.addAll(this.#base.summary.structs);
    for (const stored of this.#tail.toArray()) structs.addAll(storedContents(stored).structs);
    return structs;
  }

  get #isSmall(): boolean {
    return (this.#base?.update.byteLength ?? 0) + this.#tail.byteLength <= smallBytes;
  }

  #makeWhole(): Answer {
    const parts = this.#mergedTail.parts();
    const base = this.#base === undefined ? [] : [this.#base.update];
    return this.#isSmall ? { before: [], update: mergeUpdates([...base, ...parts]) } : inOrder([...base, ...parts]);
  }

  #makeSince(stateVector: Uint8Array, covered: IdSet): Answer {
    if (!this.#isSmall) return this.#uncovered(covered);
    return { before: [], update: Y.diffUpdate(this.whole().update, stateVector) };
  }

  /** Everything but the structs that are covered. */
  #uncovered(covered: IdSet): Answer {
    const base = this.#base;
    const lacksBase = base !== undefined && !base.summary.structs.isWithin([covered]);
    const fromBase = lacksBase ? [base.update] : base === undefined ? [] : [this.#deletesOf(base)];
    return { ...inOrder([...fromBase, ...this.#mergedTail.parts()]), covered: covered.stateVector() };
  }

  /** The deletes of the base as an update. They are not decoded: there may be millions of them. */
  #deletesOf({ update, summary: { structBytes } }: Base): Uint8Array {
    if (this.#baseDeletes === undefined) {
      this.#baseDeletes = new Uint8Array(1 + update.byteLength - structBytes);
      this.#baseDeletes.set(update.subarray(structBytes), 1);
    }
    return this.#baseDeletes;
  }

  #addDeletesOfTail(deletes: IdSet): void {
    for (const stored of this.#tail.toArray()) deletes.addAll(storedContents(stored).deletes);
  }

  #dropAnswers(): void {
    this.#mergedTail.appended();
    this.#allDeletes = undefined;
    this.#wholeAnswer = undefined;
    this.#lastAnswer = undefined;
  }
}

/** The answer that sends the updates one after the other. */
function inOrder(updates: readonly Uint8Array[]): Answer {
  return { before: updates.slice(0, -1), update: updates.at(-1) ?? mergeUpdates([]) };
}

/**
 * Reads a stored base, and derives its summary where none is stored. Throws `StoreError` corrupt when it is not a Yjs
 * update.
 */
export function readBase({ row, update, summary }: StoredBase, read?: BaseSummary): Base {
  return { row, update, summary: read ?? (summary && decodeSummary(summary)) ?? readSummary({ row, update }) };
}

function readSummary(base: StoredUpdate): BaseSummary {
  const contents = storedContents(base);
  return { structs: contents.structs, structBytes: contents.structBytes, counts: countsOf(contents) };
}
