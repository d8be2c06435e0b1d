import { equalFlat } from "lib0/array";
import * as Y from "yjs";
import type { RowId, StoredBase, StoredUpdate } from "../../storage/store.ts";
import { type BaseSummary, decodeSummary, readBaseDeletes } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { encodeDeletes } from "../update/trim-update.ts";
import type { UpdateContents } from "../update/update-contents.ts";
import { storedContents } from "./stored-contents.ts";
import { type PackedRows, UpdateLog } from "./update-log.ts";

/** What a client lacks. */
export interface Answer {
  /** To be sent before `update`, where the two together would cost more to merge than they are worth. */
  readonly before: Uint8Array | undefined;
  /** With it the client has everything. */
  readonly update: Uint8Array;
}

/** What goes into a compaction. */
export interface Cut extends PackedRows {
  /** How many of them are the tail's. */
  readonly tailCount: number;
  readonly tailBytes: number;
}

/** A base and what there is to know of it. */
export interface Base extends StoredUpdate {
  readonly summary: BaseSummary;
}

interface CachedAnswer {
  readonly stateVector: Uint8Array;
  readonly answer: Answer;
}

/** A smaller base is merged with the tail: 20 ms for the 311 kB of a long text, at each change. */
const smallBaseBytes = 16 * 1024;

/** Memory that a byte of encoded deletes takes once it is read. */
const bytesPerDeleteByte = 8;

/**
 * The bytes of a document, and what follows from them: what can be dropped from memory and loaded again.
 *
 * What clients ask for is kept until the next commit: those that join or come back at once ask for the same.
 */
export class DocumentContent {
  #base: Base | undefined;
  readonly #tail = new UpdateLog();
  /** What base and tail delete; built when it is first asked for. */
  #deletes: IdSet | undefined;
  #mergedTail: Uint8Array | undefined;
  #wholeAnswer: Answer | undefined;
  #lastAnswer: CachedAnswer | undefined;

  constructor(base: Base | undefined, tail: readonly StoredUpdate[]) {
    this.#base = base;
    for (const { update, row } of tail) this.#tail.append(update, row);
  }

  /** An estimate of what all of it takes in memory. */
  get memoryBytes(): number {
    const base = this.#base?.update;
    const deleteBytes = this.#base === undefined ? 0 : this.#base.update.byteLength - this.#base.summary.structBytes;
    // Of the same bytes one piece: what is merged from one update is that update.
    const pieces = new Set([base, this.#mergedTail, this.#wholeAnswer?.update, this.#lastAnswer?.answer.before]);
    pieces.add(this.#lastAnswer?.answer.update);
    if (this.#tail.count === 1) pieces.delete(this.#mergedTail);
    let bytes = this.#tail.byteLength + (this.#deletes === undefined ? 0 : deleteBytes * bytesPerDeleteByte);
    for (const piece of pieces) bytes += piece?.byteLength ?? 0;
    return bytes;
  }

  append(update: Uint8Array, { deletes }: UpdateContents, row: RowId): void {
    this.#deletes?.addAll(deletes);
    this.#tail.append(update, row);
    this.#dropAnswers();
  }

  /** What all of it deletes. */
  get deletes(): IdSet {
    if (this.#deletes === undefined) {
      this.#deletes = new IdSet();
      if (this.#base !== undefined) this.#deletes.addAll(readBaseDeletes(this.#base.update, this.#base.summary));
      for (const stored of this.#tail.toArray()) this.#deletes.addAll(storedContents(stored).deletes);
    }
    return this.#deletes;
  }

  /** For a client that has nothing. */
  whole(): Answer {
    this.#wholeAnswer ??= this.#makeWhole();
    return this.#wholeAnswer;
  }

  /**
   * For a client with this state vector, whose structs are `covered`. All deletes are part of it: they have no clocks,
   * so no state vector tells which of them a client has.
   */
  since(stateVector: Uint8Array, covered: IdSet): Answer {
    if (this.#lastAnswer !== undefined && equalFlat(this.#lastAnswer.stateVector, stateVector))
      return this.#lastAnswer.answer;
    const answer = this.#makeSince(stateVector, covered);
    // A copy: the vector is a view of a frame.
    this.#lastAnswer = { stateVector: stateVector.slice(), answer };
    return answer;
  }

  /** For a client that only lost its connection; its own SyncStep2 needs the set of all deletes just as well. */
  allDeletes(): Answer {
    return { before: undefined, update: encodeDeletes(this.deletes) };
  }

  cut(): Cut {
    return { ...this.#tail.pack(this.#base), tailCount: this.#tail.count, tailBytes: this.#tail.byteLength };
  }

  /** Of the tail. */
  updatesOf(rows: readonly RowId[]): readonly Uint8Array[] {
    if (rows.length === 0) return [];
    return this.#tail.toArray().flatMap(({ row, update }) => (rows.includes(row) ? [update] : []));
  }

  /** What a compaction made of the cut takes its place; what was committed since remains the tail. */
  replace({ tailCount }: Cut, base: Base): void {
    this.#base = base;
    this.#tail.dropFirst(tailCount);
    // Built again when needed: a compacted base deletes more than was said, and clients say so when they come back.
    this.#deletes = undefined;
    this.#dropAnswers();
  }

  /** The clocks of all its structs, read anew. */
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
    const fromBase = lacksBase ? Y.diffUpdate(base.update, stateVector) : encodeDeletes(this.deletes);
    if (this.#tail.count === 0) return { before: undefined, update: fromBase };
    const fromTail = Y.diffUpdate(this.#merged(), stateVector);
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

/** Throws `StoreError` corrupt for a row that is no update. */
export function readBase({ row, update, summary }: StoredBase): Base {
  return { row, update, summary: (summary && decodeSummary(summary)) ?? readSummary({ row, update }) };
}

function readSummary(base: StoredUpdate): BaseSummary {
  const { structs, structBytes } = storedContents(base);
  return { structs, structBytes };
}
