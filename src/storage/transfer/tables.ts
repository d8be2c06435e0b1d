/** `flag` is 0 or 1. A value of any type may be null. */
export type ColumnType = "text" | "number" | "bytes" | "flag";

export interface Table {
  /** In the order in which rows are compared. Stores may have further columns of their own. */
  readonly columns: Readonly<Record<string, ColumnType>>;
  /** The columns by which the rows of one document, or all rows, are ordered. */
  readonly order: readonly string[];
}

/**
 * The tables with the content of documents, in the order in which they are written. In each table but `documents`, the
 * first column is the name of the document. The rows of a document are those of its tail: its base is in `documents`.
 */
export const documentTables = {
  documents: {
    columns: {
      name: "text",
      base: "number",
      base_data: "bytes",
      summary: "bytes",
      last_update: "number",
      created_at: "number",
      updated_at: "number",
      deleted_at: "number",
      history_end: "number",
    },
    order: [],
  },
  updates: {
    columns: { document: "text", id: "number", data: "bytes", at: "number", user: "text" },
    order: ["id"],
  },
  quarantined: { columns: { document: "text", id: "number", data: "bytes" }, order: ["id"] },
  history_segments: {
    columns: {
      document: "text",
      last: "number",
      started_at: "number",
      ended_at: "number",
      users: "text",
      marks: "bytes",
      data: "bytes",
    },
    order: ["last"],
  },
  history_snapshots: {
    columns: { document: "text", sequence: "number", at: "number", is_start: "flag", data: "bytes" },
    order: ["sequence"],
  },
  versions: {
    columns: {
      document: "text",
      sequence: "number",
      number: "number",
      at: "number",
      name: "text",
      users: "text",
      created_by: "text",
    },
    order: ["sequence", "number"],
  },
} as const satisfies Readonly<Record<string, Table>>;

/** The tables of a server that belong to no document, or to documents by name. */
export const serverTables = {
  webhooks: { columns: { id: "text", settings: "text", starts_after: "number" }, order: ["id"] },
  webhook_cursors: {
    columns: { webhook: "text", document: "text", sequence: "number" },
    order: ["webhook", "document"],
  },
  // In the order of the events. The receiver of a message knows it by its id, the column `message`.
  webhook_messages: {
    columns: {
      webhook: "text",
      document: "text",
      message: "text",
      type: "text",
      sequence: "number",
      body: "text",
      attempts: "number",
      due_at: "number",
      failed_at: "number",
    },
    order: [],
  },
} as const satisfies Readonly<Record<string, Table>>;

export type DocumentTable = keyof typeof documentTables;
export type ServerTable = keyof typeof serverTables;
export type TableName = DocumentTable | ServerTable;

export const tables: Readonly<Record<TableName, Table>> = { ...documentTables, ...serverTables };

/** The tables of documents that have several rows for one document. */
export const contentTables = (Object.keys(documentTables) as DocumentTable[]).filter((name) => name !== "documents");

export type Value = string | number | Uint8Array | null;

/** A row by its columns. Columns that are not in the table's list are ignored. */
export type Row = Readonly<Record<string, Value>>;

/** Some rows of one table. */
export interface Rows {
  readonly table: TableName;
  readonly rows: readonly Row[];
}

/** Rows are read and written in parts of about this size. A larger row is a part by itself. */
export const partBytes = 8 * 2 ** 20;

/** The bytes of a row that are content: updates, snapshots and marks. */
export function contentBytes(row: Row): number {
  let bytes = 0;
  for (const value of Object.values(row)) if (value instanceof Uint8Array) bytes += value.byteLength;
  return bytes;
}

/** Counted for each row besides its bytes, so that a part has a bounded number of rows. */
export const rowBytes = 256;

/** The bytes of a row that count for the size of a part. */
export function sizeOf(row: Row): number {
  let size = rowBytes + contentBytes(row);
  for (const value of Object.values(row)) if (typeof value === "string") size += value.length;
  return size;
}

/** Divides rows into parts. */
export function* inParts(table: TableName, rows: Iterable<Row>): Generator<Rows> {
  let part: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    part.push(row);
    bytes += sizeOf(row);
    if (bytes < partBytes) continue;
    yield { table, rows: part };
    part = [];
    bytes = 0;
  }
  if (part.length > 0) yield { table, rows: part };
}
