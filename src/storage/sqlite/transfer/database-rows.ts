import type { Database, Statement } from "bun:sqlite";
import {
  contentTables,
  type DocumentTable,
  documentTables,
  inParts,
  type Row,
  type Rows,
  rowBytes,
  type ServerTable,
  serverTables,
  type Value,
} from "../../transfer/tables.ts";
import type { SizedDocument } from "../../transfer/transfer-ends.ts";
import { liveEntries } from "../journal/live-entries.ts";

interface DocumentNumbers {
  readonly id: number;
  readonly base: number | null;
}

/** Reads the rows of a database as a transfer copies them. The updates of the journal are those of their documents. */
export class DatabaseRows {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement<Row, Value[]>>();
  /** The live updates of the journal by the number of their document, in ascending order. */
  readonly #journaled = new Map<number, Row[]>();

  /** Throws `StoreError` (corrupt) if the journal is damaged. */
  constructor(database: Database) {
    this.#database = database;
    for (const { at = null, document, name, row, update, user = null } of liveEntries(database)) {
      const rows = this.#journaled.get(document) ?? [];
      rows.push({ document: name, id: row, data: update, at, user });
      this.#journaled.set(document, rows);
    }
  }

  countDocuments(): number {
    return Number(this.#query("SELECT count(*) AS count FROM documents").get()?.["count"] ?? 0);
  }

  /** The last row id that may be in use. */
  lastRow(): number {
    return Number(this.#query("SELECT reserved FROM row_ids").get()?.["reserved"] ?? 1) - 1;
  }

  documents(after: string | undefined, limit: number): readonly SizedDocument[] {
    const sums = contentTables.map(
      (table) => `(SELECT total(${lengths(table)}) FROM ${table} WHERE document = documents.id)`,
    );
    const found = this.#query(
      `SELECT id, name, ${sums.join(" + ")} AS bytes FROM documents WHERE ?1 IS NULL OR name > ?1 ORDER BY name LIMIT ?2`,
    ).all(after ?? null, limit);
    return found.map(({ bytes, id, name }) => ({
      name: String(name),
      bytes:
        Number(bytes) + (this.#journaled.get(Number(id)) ?? []).reduce((sum, row) => sum + lengthOf(row), rowBytes),
    }));
  }

  *read(documents: readonly string[]): Generator<Rows> {
    yield* inParts("documents", this.#documentRows(documents));
    for (const table of contentTables) yield* inParts(table, this.#contentRows(table, documents));
  }

  *readServer(): Generator<Rows> {
    for (const table of Object.keys(serverTables) as ServerTable[]) {
      const { columns, order } = serverTables[table];
      const ordered = order.length === 0 ? "id" : order.join(", ");
      const rows = this.#query(`SELECT ${Object.keys(columns).join(", ")} FROM ${table} ORDER BY ${ordered}`);
      yield* inParts(table, rows.iterate());
    }
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
  }

  *#documentRows(documents: readonly string[]): Generator<Row> {
    const find = this.#query(
      `SELECT name, base, (SELECT data FROM updates WHERE document = documents.id AND updates.id = base) AS base_data,
         summary, last_update, created_at, updated_at, deleted_at, history_end
       FROM documents WHERE name = ?`,
    );
    for (const document of documents) {
      const found = find.get(document);
      if (found !== null) yield found;
    }
  }

  *#contentRows(table: DocumentTable, documents: readonly string[]): Generator<Row> {
    for (const document of documents) {
      const { base, id } = this.#numbersOf(document);
      const select = this.#query(selectContent(table));
      const rows = table === "updates" ? select.iterate(document, id, base) : select.iterate(document, id);
      yield* table === "updates" ? merged(rows, this.#journaled.get(id) ?? []) : rows;
    }
  }

  #numbersOf(document: string): DocumentNumbers {
    const found = this.#query("SELECT id, base FROM documents WHERE name = ?").get(document);
    return { id: Number(found?.["id"] ?? 0), base: found?.["base"] == null ? null : Number(found["base"]) };
  }

  #query(sql: string): Statement<Row, Value[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<Row, Value[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** The rows of the document with a number, under its name. */
function selectContent(table: DocumentTable): string {
  const { columns, order } = documentTables[table];
  const [, ...others] = Object.keys(columns);
  // The base of a document is a row of this table.
  const isOfTail = table === "updates" ? "AND id IS NOT ?3" : "";
  return `SELECT ?1 AS document, ${others.join(", ")} FROM ${table} WHERE document = ?2 ${isOfTail} ORDER BY ${order.join(", ")}`;
}

/** The bytes of a row in a table, as `sizeOf` counts. */
function lengths(table: DocumentTable): string {
  const bytes = Object.entries(documentTables[table].columns).filter(([, type]) => type === "bytes");
  return [...bytes.map(([column]) => `length(${column})`), rowBytes].join(" + ");
}

function lengthOf({ data }: Row): number {
  return rowBytes + (data instanceof Uint8Array ? data.byteLength : 0);
}

/** Updates that were too large for the journal may be older or newer than those in it. */
function* merged(inTable: Iterable<Row>, inJournal: readonly Row[]): Generator<Row> {
  let next = 0;
  for (const row of inTable) {
    for (let journaled = inJournal[next]; journaled !== undefined && Number(journaled["id"]) < Number(row["id"]); ) {
      yield journaled;
      next += 1;
      journaled = inJournal[next];
    }
    yield row;
  }
  yield* inJournal.slice(next);
}
