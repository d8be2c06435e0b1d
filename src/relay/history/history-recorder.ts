import * as Y from "yjs";
import { mebibyte } from "../../config/limit.ts";
import type {
  HistoryAddition,
  HistoryProgress,
  HistorySnapshot,
  UpdateOrigin,
} from "../../storage/history/history-store.ts";
import { automaticVersions } from "./automatic-versions.ts";
import { type Change, Marking } from "./marking.ts";
import { encodeMarks, type Mark } from "./marks.ts";

/** The facts that a compaction needs to add its updates to the history. */
export interface HistoryInput extends Omit<HistoryProgress, "tail"> {
  /** Whether the first of the updates is the base, which the history has already, or begins with. */
  readonly hasBase: boolean;
  /** The origins of the updates after the base, in the same order. */
  readonly origins: readonly UpdateOrigin[];
  /** The present time, in epoch milliseconds. */
  readonly now: number;
  /** As `VersionsInput.isFinal`. */
  readonly isFinal: boolean;
}

/** Compresses bytes without loss. */
export type Compress = (bytes: Uint8Array) => Uint8Array;

/** The most bytes of waiting content that recording may copy; at least the size of all updates. */
const minCopiedBytes = mebibyte / 2;

/**
 * Records what updates have changed while they are compacted.
 *
 * They are applied in one transaction of a document that keeps deleted content: Yjs then joins what was typed one after
 * the other, and encodes it as one update, the segment. Before that transaction ends, the marks note after each second
 * which clocks were integrated and deleted. Content that waits for other updates is in neither: it belongs to the update
 * that completes it.
 */
export class HistoryRecorder {
  readonly #input: HistoryInput;
  readonly #compress: Compress;

  constructor(input: HistoryInput, compress: Compress) {
    this.#input = input;
    this.#compress = compress;
  }

  /**
   * Applies `updates`, the base first if there is one, to `doc`, which is new and keeps deleted content. `release` is
   * called after that: it may collect deleted content, unless the document keeps it. Throws what Yjs throws, and
   * `RecordingTooCostly`.
   *
   * `isAccepted` tells which of the updates, by index, Yjs can apply: the others are left out.
   */
  record(
    doc: Y.Doc,
    updates: readonly Uint8Array[],
    { isAccepted, release }: { isAccepted(index: number): boolean; release(): void },
  ): HistoryAddition | undefined {
    const { baseEnd, hasBase, origins, reachesBase } = this.#input;
    const first = hasBase ? 1 : 0;
    const [base] = updates;
    if (hasBase && base !== undefined) Y.applyUpdate(doc, base);
    const changes = updates.slice(first).flatMap((update, index) => {
      const origin = origins[index];
      return origin !== undefined && isAccepted(first + index) ? [{ update, origin }] : [];
    });
    const firstOrigin = changes[0]?.origin;
    const lastOrigin = changes.at(-1)?.origin;
    if (firstOrigin === undefined || lastOrigin === undefined) {
      release();
      return undefined;
    }
    const { now } = this.#input;
    const startedAt = firstOrigin.at ?? now;
    // The content of the base is older, but it is not known how old.
    const row = (hasBase ? baseEnd : undefined) ?? firstOrigin.row - 1;
    const start = reachesBase ? undefined : this.#snapshotOf(doc, { row, at: startedAt });
    const { marks, data } = this.#apply(doc, changes, copiedBytesFor(updates));
    const segmentMarks = this.#compress(encodeMarks(marks));
    release();
    const { versions, users } = automaticVersions({
      ...this.#input,
      updates: changes.map(({ origin }) => origin),
      last: reachesBase ? this.#input.last : undefined,
    });
    const segment = {
      last: lastOrigin.row,
      startedAt,
      endedAt: lastOrigin.at ?? now,
      marks: segmentMarks,
      data: this.#compress(data),
      users,
    };
    const bytes = segment.marks.byteLength + segment.data.byteLength;
    return { start, segment, end: this.#endOf(doc, { bytes, start, last: lastOrigin }), versions };
  }

  #apply(
    doc: Y.Doc,
    changes: readonly Change[],
    maxCopiedBytes: number,
  ): { readonly marks: readonly Mark[]; readonly data: Uint8Array } {
    const encoded: Uint8Array[] = [];
    const collect = (update: Uint8Array) => void encoded.push(update);
    doc.on("updateV2", collect);
    let marks: readonly Mark[] = [];
    doc.transact((transaction) => {
      marks = new Marking(transaction, { versions: this.#input.versions, maxCopiedBytes }).apply(changes);
    });
    doc.off("updateV2", collect);
    // Yjs removes formatting without effect in a transaction of its own.
    return { marks, data: encoded.length === 0 ? emptyUpdate : Y.mergeUpdatesV2(encoded) };
  }

  /** A snapshot of the end, if that is smaller than what was added to the history since the last one. */
  #endOf(doc: Y.Doc, { bytes, start, last }: Added): HistorySnapshot | undefined {
    const { bytesSinceSnapshot, reachesBase, snapshotBytes } = this.#input;
    const added = bytes + (reachesBase ? bytesSinceSnapshot : 0);
    if (added < (start?.data.byteLength ?? snapshotBytes)) return undefined;
    const end = this.#snapshotOf(doc, last);
    return added < end.data.byteLength ? undefined : end;
  }

  #snapshotOf(doc: Y.Doc, { row, at }: Pick<UpdateOrigin, "row" | "at">): HistorySnapshot {
    return { sequence: row, at: at ?? 0, data: this.#compress(Y.encodeStateAsUpdateV2(doc)) };
  }
}

const emptyUpdate = Y.encodeStateAsUpdateV2(new Y.Doc());

function copiedBytesFor(updates: readonly Uint8Array[]): number {
  const bytes = updates.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return Math.max(minCopiedBytes, bytes);
}

interface Added {
  readonly bytes: number;
  readonly start: HistorySnapshot | undefined;
  readonly last: UpdateOrigin;
}
