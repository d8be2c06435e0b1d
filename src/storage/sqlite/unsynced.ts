import type { RowId } from "../store.ts";
import type { JournalRecord } from "./journal/journal-record.ts";
import { type Statements, type UpdateRow, updateParameters } from "./statements.ts";

/** Committed writes. */
interface Writes {
  /** Rows of `updates`. */
  readonly rows: Map<RowId, UpdateRow>;
  /** Records of the journal. */
  readonly records: Map<RowId, Uint8Array>;
}

/** The committed writes that may not be on disk yet: those since the last sync began, or a failed one before it. */
export class Unsynced {
  #writes: Writes = { rows: new Map(), records: new Map() };
  /** The writes that the running sync covers. */
  #syncing: Writes | undefined;
  #bytes = 0;
  /** Something was written that no sync covers. */
  #isDirty = false;

  /** Whether a sync would make anything durable. */
  get isDirty(): boolean {
    return this.#isDirty || this.#syncing !== undefined;
  }

  /** The size of the writes that no sync covers. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The id of the first record of the journal that may not be on disk; undefined if all are. */
  get firstRecord(): RowId | undefined {
    for (const { records } of this.#all) for (const id of records.keys()) return id;
    return undefined;
  }

  addRow(row: UpdateRow): void {
    this.#isDirty = true;
    this.#writes.rows.set(row.row, row);
    this.#bytes += row.update.byteLength;
  }

  addRecord({ id, data }: JournalRecord): void {
    this.#isDirty = true;
    this.#writes.records.set(id, data);
    this.#bytes += data.byteLength;
  }

  /** Reports a write that is no row: a failed sync of it needs no other repair than a checkpoint. */
  changed(): void {
    this.#isDirty = true;
  }

  /** Forgets rows that were replaced. */
  deleteRows(replaced: readonly RowId[]): void {
    for (const { rows } of this.#all) if (rows.size > 0) for (const row of replaced) rows.delete(row);
  }

  /** Forgets the rows of a document that was purged. The journal's records are void without their document. */
  deleteDocument(document: number): void {
    this.#isDirty = true;
    for (const { rows } of this.#all) {
      for (const [row, write] of rows) if (write.document === document) rows.delete(row);
    }
  }

  /** Reports that a sync begins, which covers all writes so far. */
  syncBegins(): void {
    this.#syncing = this.#writes;
    this.#writes = { rows: new Map(), records: new Map() };
    this.#bytes = 0;
    this.#isDirty = false;
  }

  syncSucceeded(): void {
    this.#syncing = undefined;
  }

  /** Reports that the sync failed: none of the writes is known to be on disk. */
  syncFailed(): void {
    const [former, later] = [this.#syncing, this.#writes];
    this.#syncing = undefined;
    if (former === undefined) return;
    for (const [row, write] of later.rows) former.rows.set(row, write);
    for (const [id, data] of later.records) former.records.set(id, data);
    this.#writes = former;
    this.#isDirty = true;
    this.#bytes = 0;
    for (const { update } of former.rows.values()) this.#bytes += update.byteLength;
    for (const data of former.records.values()) this.#bytes += data.byteLength;
  }

  /** Writes everything again. Called in a transaction. */
  rewrite({ replaceUpdate, replaceJournal }: Statements): void {
    for (const row of this.#writes.rows.values()) replaceUpdate.run(...updateParameters(row));
    for (const [id, data] of this.#writes.records) replaceJournal.run(id, data);
  }

  get #all(): readonly Writes[] {
    return this.#syncing === undefined ? [this.#writes] : [this.#syncing, this.#writes];
  }
}
