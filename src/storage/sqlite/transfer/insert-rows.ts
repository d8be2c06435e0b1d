import type { Database, Statement } from "bun:sqlite";
import { documentTables, type Row, type Rows, type TableName, tables, type Value } from "../../transfer/tables.ts";

/** Inserts rows that a transfer copies. Called in a transaction. */
export class RowInserter {
  readonly #database: Database;
  /** Journaled updates up to this row belong to no document. */
  readonly #lastRow: number;
  readonly #statements = new Map<string, Statement<{ readonly id: number }, Value[]>>();
  /** The numbers of the documents that this has inserted, by name. */
  readonly #numbers = new Map<string, number>();

  constructor(database: Database, lastRow: number) {
    this.#database = database;
    this.#lastRow = lastRow;
  }

  insert({ rows, table }: Rows): void {
    if (table === "documents") for (const row of rows) this.#insertDocument(row);
    else if (table in documentTables) for (const row of rows) this.#insertContent(table, row);
    else for (const row of rows) this.#run(insertInto(table), valuesOf(table, row));
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
  }

  #insertDocument(row: Row): void {
    const { base = null, base_data: data = null, ...others } = row;
    const columns = Object.keys(documentTables.documents.columns).filter((column) => column !== "base_data");
    const values = columns.map((column) => (column === "base" ? base : (others[column] ?? null)));
    const sql = `INSERT INTO documents (${columns.join(", ")}, folded) VALUES (${marks(columns.length + 1)}) RETURNING id`;
    const id = this.#prepared(sql).get(...values, this.#lastRow)?.id ?? 0;
    this.#numbers.set(String(row["name"]), id);
    if (base !== null) this.#run("INSERT INTO updates (document, id, data) VALUES (?, ?, ?)", [id, base, data]);
  }

  #insertContent(table: TableName, row: Row): void {
    const [name, ...values] = valuesOf(table, row);
    const id = this.#numbers.get(String(name));
    if (id === undefined) throw new Error(`A row of ${table} belongs to no document of this part.`);
    this.#run(insertInto(table), [id, ...values]);
  }

  #run(sql: string, values: Value[]): void {
    this.#prepared(sql).run(...values);
  }

  #prepared(sql: string): Statement<{ readonly id: number }, Value[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<{ readonly id: number }, Value[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function insertInto(table: TableName): string {
  const columns = Object.keys(tables[table].columns);
  return `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${marks(columns.length)})`;
}

function valuesOf(table: TableName, row: Row): Value[] {
  return Object.keys(tables[table].columns).map((column) => row[column] ?? null);
}

function marks(count: number): string {
  return new Array(count).fill("?").join(", ");
}
