import type { Database } from "bun:sqlite";
import type { OriginatedUpdate, UpdateOrigin } from "../../history/history-store.ts";
import type { PendingUpdate, RowId, StoredUpdate } from "../../store.ts";
import type { TableSumsCache } from "../documents/table-sums.ts";
import { type Statements, type UpdateRow, updateParameters } from "../statements.ts";
import { type JournalRecord, RecordEncoder, RecordReader } from "./journal-record.ts";
import { liveEntries } from "./live-entries.ts";

/** The updates of one record, with the numbers of their documents. */
export interface Append {
  readonly batch: readonly PendingUpdate[];
  readonly documents: readonly number[];
  /** Epoch milliseconds. */
  readonly at: number;
}

/** The last of some updates. */
export interface LastUpdate {
  readonly row: RowId;
  /** Epoch milliseconds; undefined if an earlier release has written it. */
  readonly at: number | undefined;
}

/** The live updates of one document. */
interface LiveUpdates {
  /** Their row ids, in ascending order. */
  readonly rows: RowId[];
  /** The bytes of each, at the same index. */
  readonly lengths: number[];
  bytes: number;
}

/** The oldest records of the journal, read to be folded. */
export interface Fold {
  /** The id of the last of these records. */
  readonly last: RowId;
  /** The size of the records. */
  readonly bytes: number;
  /** Their live updates by document, and in the order of the rows. */
  readonly entries: readonly UpdateRow[];
}

/** An append of more updates or bytes is not journaled: folding its record would block the event loop. */
const maxRecordUpdates = 256;
const maxRecordBytes = 256 * 1024;

/**
 * The journal is folded when it has this many bytes, or so many live updates that their index takes a few megabytes,
 * until half is left.
 */
const maxBytes = 16 * 2 ** 20;
const maxLiveUpdates = 100_000;

const noRows: readonly RowId[] = [];

/** One fold moves at least one record, and then more up to these numbers: about 2 ms of work. */
const foldedUpdates = 256;
const foldedBytes = 256 * 1024;
const foldedRecords = 500;

/**
 * The journal: one record for each append, with its updates of all documents. One row for each update costs ten times as
 * much, because every document has a place of its own in the table of the updates.
 *
 * An update of the journal is *live* while its document has no row for it: the document exists, and the update's row id
 * is above `documents.folded`. Below that mark, updates were replaced by a compaction, or belong to a purged document
 * whose number is used again. Folding moves live updates into the documents' rows, and deletes their records in the same
 * transaction. The mark and that transaction make every state that a crash leaves a consistent one.
 *
 * The live updates are indexed in memory, 16 bytes each. The index changes after the transaction that it reflects.
 */
export class Journal {
  readonly #statements: Statements;
  readonly #tableSums: Pick<TableSumsCache, "forget">;
  readonly #encoder = new RecordEncoder();
  /** The live updates by document. */
  readonly #live = new Map<number, LiveUpdates>();
  #liveUpdates = 0;
  /** The size of all records. */
  #bytes = 0;

  /** Indexes the journal of a database. Throws `StoreError` (corrupt) if a record is damaged. */
  constructor(database: Database, statements: Statements, tableSums: Pick<TableSumsCache, "forget">) {
    this.#statements = statements;
    this.#tableSums = tableSums;
    for (const { document, row, update } of liveEntries(database)) this.#index(document, row, update.byteLength);
    this.#bytes = statements.selectJournalBytes.get()?.bytes ?? 0;
  }

  /** Whether an append is for the journal. The updates of others go into the documents' rows at once. */
  static takes(batch: readonly PendingUpdate[]): boolean {
    if (batch.length > maxRecordUpdates) return false;
    let bytes = 0;
    for (const { update } of batch) bytes += update.byteLength;
    return bytes <= maxRecordBytes;
  }

  /** The size of all records. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Whether the journal has reached its bound. */
  get isFull(): boolean {
    return this.#bytes >= maxBytes || this.#liveUpdates >= maxLiveUpdates;
  }

  /** Whether a journal that was full has to be folded further. */
  get isHalfFull(): boolean {
    return this.#bytes >= maxBytes / 2 || this.#liveUpdates >= maxLiveUpdates / 2;
  }

  /** Writes a record. Several statements of one transaction may surround it. */
  insert(id: RowId, { batch, documents, at }: Append): JournalRecord {
    for (let index = 0; index < batch.length; index += 1) {
      const pending = batch[index];
      const document = documents[index];
      if (pending !== undefined && document !== undefined) {
        this.#encoder.add(document, pending.update, pending.user);
      }
    }
    const data = this.#encoder.finish(at);
    this.#statements.insertJournal.run(id, data);
    return { id, data };
  }

  /** Reports that a record was committed whose updates belong to the documents with these numbers. */
  inserted({ id, data }: JournalRecord, { batch, documents }: Pick<Append, "batch" | "documents">): void {
    this.#bytes += data.byteLength;
    for (let index = 0; index < documents.length; index += 1) {
      this.#index(documents[index] ?? 0, id + index, batch[index]?.update.byteLength ?? 0);
    }
  }

  /** Reads the live updates of a document. */
  updatesOf(document: number): readonly StoredUpdate[] {
    return this.#read(document, ({ row, update }) => ({ row, update: update.slice() }));
  }

  /** The origins of the live updates of a document. */
  originsOf(document: number): readonly UpdateOrigin[] {
    return this.#read(document, ({ row, at, user }) => ({ row, at, user }));
  }

  /** The live updates of a document, with their origins. */
  originatedOf(document: number): readonly OriginatedUpdate[] {
    return this.#read(document, ({ row, at, user, update }) => ({ row, at, user, update: update.slice() }));
  }

  /** The number of live updates of a document, and their bytes. */
  sumsOf(document: number): { readonly count: number; readonly bytes: number } {
    const live = this.#live.get(document);
    return live === undefined ? { count: 0, bytes: 0 } : { count: live.rows.length, bytes: live.bytes };
  }

  /** The number of live updates of a document with row ids up to `last`, and the sum of these ids. */
  countUntil(document: number, last: RowId): { readonly count: number; readonly sum: number } {
    let count = 0;
    let sum = 0;
    for (const row of this.#rowsOf(document)) {
      if (row > last) break;
      count += 1;
      sum += row;
    }
    return { count, sum };
  }

  /** Whether the update with this row id of a document is live. */
  has(document: number, row: RowId): boolean {
    return this.#rowsOf(document).includes(row);
  }

  /** Reads one update. */
  updateAt(row: RowId): Uint8Array {
    return this.#readerAt(row).update;
  }

  /** The row id of the last live update of a document; undefined if there is none. */
  lastRowOf(document: number): RowId | undefined {
    return this.#rowsOf(document).at(-1);
  }

  /** The last live update of a document among those with row ids up to `end`; undefined if there is none. */
  lastOf(document: number, end: RowId): LastUpdate | undefined {
    const row = this.#rowsOf(document).findLast((each) => each <= end);
    return row === undefined ? undefined : { row, at: this.#readerAt(row).at };
  }

  /** Reports that the first updates of a document, those with row ids up to `last`, are not live any more. */
  dropUntil(document: number, last: RowId): void {
    this.#drop(document, this.countUntil(document, last).count);
  }

  /** Reports that no update of a document is live any more. */
  dropAll(document: number): void {
    this.#drop(document, this.#rowsOf(document).length);
  }

  /** Reads the oldest records with ids below `end`, as many as can be folded at once; undefined if there are none. */
  nextFold(end: RowId): Fold | undefined {
    const entries: UpdateRow[] = [];
    let last = 0;
    let bytes = 0;
    for (let records = 0; records < foldedRecords; records += 1) {
      const record = this.#statements.selectJournalAfter.get(last, end);
      if (record === null) break;
      last = record.id;
      bytes += record.data.byteLength;
      this.#addLive(record, entries);
      if (entries.length >= foldedUpdates || bytes >= foldedBytes) break;
    }
    if (last === 0) return undefined;
    entries.sort((left, right) => left.document - right.document || left.row - right.row);
    return { last, bytes, entries };
  }

  /** Moves the updates of a fold. Called in a transaction. */
  move({ last, entries }: Fold): void {
    // The rows take the pages that the records leave.
    this.#statements.deleteJournal.run(last);
    for (const entry of entries) {
      this.#statements.insertUpdate.run(...updateParameters(entry));
      this.#tableSums.forget(entry.document);
    }
  }

  /** Reports that a fold was committed. */
  moved({ bytes, entries }: Fold): void {
    this.#bytes -= bytes;
    let first = 0;
    for (let index = 1; index <= entries.length; index += 1) {
      const document = entries[first]?.document;
      if (document === undefined || document === entries[index]?.document) continue;
      this.#drop(document, index - first);
      first = index;
    }
  }

  #read<Result>(document: number, read: (reader: RecordReader) => Result): readonly Result[] {
    let reader: RecordReader | undefined;
    return this.#rowsOf(document).map((row) => {
      // Several updates of one append are in one record.
      while (reader !== undefined && reader.row < row && reader.next());
      if (reader?.row !== row) reader = this.#readerAt(row);
      return read(reader);
    });
  }

  #addLive(record: JournalRecord, entries: UpdateRow[]): void {
    const reader = new RecordReader(record);
    const { at } = reader;
    while (reader.next()) {
      const { document, row, user } = reader;
      // Updates cease to be live from the first on.
      const first = this.#rowsOf(document)[0];
      if (first !== undefined && row >= first) entries.push({ document, row, update: reader.update, at, user });
    }
  }

  #rowsOf(document: number): readonly RowId[] {
    return this.#live.get(document)?.rows ?? noRows;
  }

  #index(document: number, row: RowId, bytes: number): void {
    this.#liveUpdates += 1;
    const live = this.#live.get(document);
    if (live === undefined) {
      this.#live.set(document, { rows: [row], lengths: [bytes], bytes });
      return;
    }
    live.rows.push(row);
    live.lengths.push(bytes);
    live.bytes += bytes;
  }

  /** Drops the first `count` live updates of a document from the index. */
  #drop(document: number, count: number): void {
    const live = this.#live.get(document);
    if (live === undefined) return;
    this.#liveUpdates -= count;
    if (count === live.rows.length) {
      this.#live.delete(document);
      return;
    }
    live.rows.splice(0, count);
    for (const length of live.lengths.splice(0, count)) live.bytes -= length;
  }

  /** A reader at the update with this row id. */
  #readerAt(row: RowId): RecordReader {
    const record = this.#statements.selectJournalAt.get(row);
    if (record === null) throw new Error(`The journal has no record with row ${row}.`);
    const reader = new RecordReader(record);
    while (reader.row < row && reader.next());
    if (reader.row !== row) throw new Error(`The journal has no row ${row}.`);
    return reader;
  }
}
