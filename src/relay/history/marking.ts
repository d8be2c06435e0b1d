import * as Y from "yjs";
import type { UpdateOrigin } from "../../storage/history/history-store.ts";
import type { RowId } from "../../storage/store.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { secondOf } from "./automatic-versions.ts";
import type { Mark, MarkedRange } from "./marks.ts";

/** An update that is recorded. */
export interface Change {
  readonly update: Uint8Array;
  readonly origin: UpdateOrigin;
}

/**
 * Recording the updates would take much longer than compacting them: much content waits for other updates, and Yjs
 * reads and copies all of it for each update that it applies.
 */
export class RecordingTooCostly extends Error {
  constructor() {
    super("so much content waits for other updates that the history is not recorded");
    this.name = "RecordingTooCostly";
  }
}

const bytesPerClient = 8;

export interface MarkingOptions {
  /** The rows after which a mark ends, since a version is there. */
  readonly versions: readonly RowId[];
  /** The bytes of waiting content that may be copied. */
  readonly maxCopiedBytes: number;
}

/**
 * Applies updates in a transaction, and notes what each second has changed.
 *
 * The updates of one mark are applied one by one, which is fastest. If content waits, the rest of them is merged, so
 * that the waiting content is copied once per mark and not once per update.
 */
export class Marking {
  readonly #transaction: Y.Transaction;
  readonly #versions: ReadonlySet<RowId>;
  readonly #maxCopiedBytes: number;
  readonly #marks: Mark[] = [];
  /** The deletions, which the transaction gets back at its end. */
  readonly #deleted = Y.createDeleteSet();
  /** The clients whose content has been integrated since the last mark; undefined if it may be any. */
  #clients: Set<number> | undefined = new Set();
  readonly #clocks = new Map<number, number>();
  #copiedBytes = 0;

  constructor(transaction: Y.Transaction, { maxCopiedBytes, versions }: MarkingOptions) {
    this.#transaction = transaction;
    this.#versions = new Set(versions);
    this.#maxCopiedBytes = maxCopiedBytes;
    for (const client of transaction.doc.store.clients.keys()) this.#clocks.set(client, this.#clockOf(client));
  }

  /** Throws `RecordingTooCostly`, and what Yjs throws. */
  apply(changes: readonly Change[]): readonly Mark[] {
    let ofMark: Uint8Array[] = [];
    for (const [index, { update, origin }] of changes.entries()) {
      ofMark.push(update);
      const next = changes[index + 1]?.origin;
      if (next !== undefined && this.#isSameChange(origin, next)) continue;
      this.#applyAll(ofMark);
      this.#mark(origin);
      ofMark = [];
    }
    this.#transaction.deleteSet = Y.mergeDeleteSets([this.#deleted]);
    // Yjs would emit the change on each changed type and its parents, which have no listeners here.
    this.#transaction.changed.clear();
    return this.#marks;
  }

  #isSameChange(left: UpdateOrigin, right: UpdateOrigin): boolean {
    if (this.#versions.has(left.row)) return false;
    return left.user === right.user && secondOf(left.at ?? 0) === secondOf(right.at ?? 0);
  }

  #applyAll(updates: readonly Uint8Array[]): void {
    for (const [index, update] of updates.entries()) {
      if (index < updates.length - 1 && this.#waitingBytes > 0) {
        this.#apply(mergeUpdates(updates.slice(index)));
        return;
      }
      this.#apply(update);
    }
  }

  #apply(update: Uint8Array): void {
    const { doc } = this.#transaction;
    this.#spend(this.#waitingBytes);
    const pending = doc.store.pendingStructs;
    if (this.#clients !== undefined)
      for (const client of Y.parseUpdateMeta(update).to.keys()) this.#clients.add(client);
    Y.applyUpdate(doc, update);
    // Pending content may have been integrated, of any client.
    if (pending !== null && pending !== doc.store.pendingStructs) this.#clients = undefined;
  }

  #spend(bytes: number): void {
    this.#copiedBytes += bytes;
    if (this.#copiedBytes > this.#maxCopiedBytes) throw new RecordingTooCostly();
  }

  /** The size of the content that waits for other updates, and of the deletes of such content. */
  get #waitingBytes(): number {
    const { pendingDs, pendingStructs } = this.#transaction.doc.store;
    return (pendingStructs?.update.byteLength ?? 0) + (pendingDs?.byteLength ?? 0);
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
    // Visiting a client costs about as much as copying some bytes.
    if (this.#clients === undefined) this.#spend(bytesPerClient * this.#transaction.doc.store.clients.size);
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
    // Yjs collects the deletes of the whole transaction.
    const merged = Y.mergeDeleteSets([deleteSet]);
    this.#transaction.deleteSet = Y.createDeleteSet();
    return Array.from(merged.clients).flatMap(([client, ranges]) => {
      const all = this.#deleted.clients.get(client);
      if (all === undefined) this.#deleted.clients.set(client, [...ranges]);
      else for (const range of ranges) all.push(range);
      return ranges.map(({ clock, len }) => ({ client, clock, length: len }));
    });
  }

  #clockOf(client: number): number {
    return Y.getState(this.#transaction.doc.store, client);
  }
}
