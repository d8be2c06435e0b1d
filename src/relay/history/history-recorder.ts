import * as Y from "yjs";
import type {
  HistoryAddition,
  HistoryProgress,
  HistorySnapshot,
  UpdateOrigin,
} from "../../storage/history/history-store.ts";
import type { RowId } from "../../storage/store.ts";
import { automaticVersions, secondOf } from "./automatic-versions.ts";
import { encodeMarks, type Mark, type MarkedRange } from "./marks.ts";

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

/**
 * Yjs copies all pending content for each update. When so many bytes have been copied, the rest of the updates is
 * applied at once, and becomes one mark.
 */
const maxCopiedBytes = 64 * 2 ** 20;

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
   * called after that: it may collect deleted content, unless the document keeps it. Throws what Yjs throws.
   *
   * `isAccepted` tells which of the updates, by index, Yjs can apply: the others are left out.
   */
  record(
    doc: Y.Doc,
    updates: readonly Uint8Array[],
    { isAccepted, release }: { isAccepted(index: number): boolean; release(): void },
  ): HistoryAddition | undefined {
    const { hasBase, origins, reachesBase } = this.#input;
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
    const start = reachesBase ? undefined : this.#snapshotOf(doc, { row: firstOrigin.row - 1, at: startedAt });
    const { marks, data } = this.#apply(doc, changes);
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

  #apply(doc: Y.Doc, changes: readonly Change[]): { readonly marks: readonly Mark[]; readonly data: Uint8Array } {
    const encoded: Uint8Array[] = [];
    const collect = (update: Uint8Array) => void encoded.push(update);
    doc.on("updateV2", collect);
    let marks: readonly Mark[] = [];
    doc.transact((transaction) => {
      marks = new Marking(transaction, this.#input.versions).apply(changes);
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

interface Change {
  readonly update: Uint8Array;
  readonly origin: UpdateOrigin;
}

interface Added {
  readonly bytes: number;
  readonly start: HistorySnapshot | undefined;
  readonly last: UpdateOrigin;
}

/** Applies updates in a transaction, and notes what each second has changed. */
class Marking {
  readonly #transaction: Y.Transaction;
  /** The rows after which a mark ends, since a version is there. */
  readonly #versions: ReadonlySet<RowId>;
  readonly #marks: Mark[] = [];
  readonly #deleteSets: Y.Transaction["deleteSet"][] = [];
  /** The clients whose content has been integrated since the last mark; undefined if it may be any. */
  #clients: Set<number> | undefined = new Set();
  readonly #clocks = new Map<number, number>();
  #copiedBytes = 0;

  constructor(transaction: Y.Transaction, versions: readonly RowId[]) {
    this.#transaction = transaction;
    this.#versions = new Set(versions);
    for (const client of transaction.doc.store.clients.keys()) this.#clocks.set(client, this.#clockOf(client));
  }

  apply(changes: readonly Change[]): readonly Mark[] {
    const { doc } = this.#transaction;
    for (const [index, { update, origin }] of changes.entries()) {
      const pending = doc.store.pendingStructs;
      this.#copiedBytes += pending?.update.byteLength ?? 0;
      for (const client of this.#clients === undefined ? [] : Y.parseUpdateMeta(update).to.keys()) {
        this.#clients?.add(client);
      }
      Y.applyUpdate(doc, update);
      // Pending content may have been integrated, of any client.
      if (pending !== null && pending !== doc.store.pendingStructs) this.#clients = undefined;
      const next = changes[index + 1]?.origin;
      const isCutShort = this.#copiedBytes > maxCopiedBytes;
      if (next !== undefined && (isCutShort || this.#isSameChange(origin, next))) continue;
      this.#mark(origin);
    }
    this.#transaction.deleteSet = Y.mergeDeleteSets(this.#deleteSets);
    return this.#marks;
  }

  #isSameChange(left: UpdateOrigin, right: UpdateOrigin): boolean {
    if (this.#versions.has(left.row)) return false;
    return left.user === right.user && secondOf(left.at ?? 0) === secondOf(right.at ?? 0);
  }

  #mark({ row, at, user }: UpdateOrigin): void {
    this.#marks.push({
      row,
      second: secondOf(at ?? 0),
      user,
      inserted: this.#takeInserted(),
      deleted: this.#takeDeleted(),
    });
  }

  #takeInserted(): readonly MarkedRange[] {
    const inserted: MarkedRange[] = [];
    for (const client of this.#clients ?? this.#transaction.doc.store.clients.keys()) {
      const end = this.#clockOf(client);
      const clock = this.#clocks.get(client) ?? 0;
      if (end > clock) inserted.push({ client, clock, length: end - clock });
      this.#clocks.set(client, end);
    }
    this.#clients = new Set();
    return inserted;
  }

  #takeDeleted(): readonly MarkedRange[] {
    const { deleteSet } = this.#transaction;
    if (deleteSet.clients.size === 0) return [];
    // Yjs collects the deletes of the whole transaction; all of them are given back when it ends.
    const merged = Y.mergeDeleteSets([deleteSet]);
    this.#deleteSets.push(merged);
    this.#transaction.deleteSet = Y.createDeleteSet();
    return Array.from(merged.clients).flatMap(([client, ranges]) =>
      ranges.map(({ clock, len }) => ({ client, clock, length: len })),
    );
  }

  #clockOf(client: number): number {
    return Y.getState(this.#transaction.doc.store, client);
  }
}
