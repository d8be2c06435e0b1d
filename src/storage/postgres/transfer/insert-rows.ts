import type { SQL } from "bun";
import {
  type ColumnType,
  documentTables,
  type Row,
  type Rows,
  type TableName,
  tables,
  type Value,
} from "../../transfer/tables.ts";
import { TransferRefused } from "../../transfer/transfer-ends.ts";

/** Inserts rows that a transfer copies, in one transaction. */
export class RowInserter {
  readonly #transaction: SQL;
  /** The numbers of the documents that this has inserted, by name. */
  readonly #numbers = new Map<string, number>();

  constructor(transaction: SQL) {
    this.#transaction = transaction;
  }

  async insert({ rows, table }: Rows): Promise<void> {
    const columns: Readonly<Record<string, ColumnType>> = tables[table].columns;
    for (const row of rows) refuseUnstorable(row);
    const { bytes, json } = packed(
      rows.map((row) => this.#numbered(table, row)),
      columns,
    );
    const isDocuments = table === "documents";
    const inserted = await this.#transaction.unsafe<{ readonly name: string; readonly id: number }[]>(
      `${insertInto(table)} ${isDocuments ? "RETURNING name, id::float8" : ""}`,
      [json, bytes],
    );
    if (isDocuments) for (const { id, name } of inserted) this.#numbers.set(name, id);
  }

  /** The row with the number of its document instead of the name, except an update. */
  #numbered(table: TableName, row: Row): Row {
    if (!hasNumber(table)) return row;
    const number = this.#numbers.get(String(row["document"]));
    if (number === undefined) throw new Error(`A row of ${table} belongs to no document of this part.`);
    return { ...row, document: number };
  }
}

/** The columns that the rows of other stores do not have. */
const ownColumns: Readonly<Partial<Record<TableName, Readonly<Record<string, string>>>>> = {
  // No document has been purged that nodes could know.
  documents: { rows_after: "0" },
  // No writer has the number 0: nodes do not follow these updates.
  updates: { writer: "0", batch: "0" },
};

/** Inserts the rows of a JSON array ($1), whose bytes are in one value ($2), in their order. */
function insertInto(table: TableName): string {
  const columns: Readonly<Record<string, ColumnType>> = tables[table].columns;
  const names: string[] = [];
  const values: string[] = [];
  let place = 0;
  for (const [name, type] of Object.entries(columns)) {
    names.push(`"${name}"`);
    values.push(valueAt(place, name === "document" && hasNumber(table) ? "number" : type));
    place += type === "bytes" ? 2 : 1;
  }
  for (const [name, value] of Object.entries(ownColumns[table] ?? {})) {
    names.push(name);
    values.push(value);
  }
  return `INSERT INTO yurt_${table} (${names.join(", ")}) SELECT ${values.join(", ")}
    FROM jsonb_array_elements($1::text::jsonb) WITH ORDINALITY AS rows (row, place) ORDER BY place`;
}

function valueAt(place: number, type: ColumnType): string {
  switch (type) {
    case "number":
      return `(row->>${place})::bigint`;
    case "flag":
      return `row->>${place} = '1'`;
    case "text":
      return `row->>${place}`;
    case "bytes":
      return `CASE WHEN row->>${place} IS NOT NULL THEN
        substr($2::bytea, (row->>${place})::int, (row->>${place + 1})::int) END`;
  }
}

/** Whether the rows of a table have the number of their document. An update has its name. */
function hasNumber(table: TableName): boolean {
  return table in documentTables && table !== "documents" && table !== "updates";
}

/** The rows as a JSON array of arrays. A value of bytes is its start in the joined bytes, from 1, and its length. */
function packed(
  rows: readonly Row[],
  columns: Readonly<Record<string, ColumnType>>,
): { readonly json: string; readonly bytes: Uint8Array } {
  const pieces: Uint8Array[] = [];
  let end = 0;
  const valuesOf = (value: Value): readonly (string | number | null)[] => {
    if (!(value instanceof Uint8Array)) return [value];
    pieces.push(value);
    end += value.byteLength;
    return [end - value.byteLength + 1, value.byteLength];
  };
  const json = JSON.stringify(
    rows.map((row) =>
      Object.entries(columns).flatMap(([column, type]) => {
        const value = row[column] ?? null;
        return type === "bytes" && value === null ? [null, null] : valuesOf(value);
      }),
    ),
  );
  return { json, bytes: Buffer.concat(pieces, end) };
}

/** SQLite has stored it, and the text of Postgres cannot hold this one character. */
function refuseUnstorable(row: Row): void {
  for (const value of Object.values(row)) {
    if (typeof value !== "string" || !value.includes("\0")) continue;
    throw new TransferRefused(
      `${JSON.stringify(row["document"] ?? row["name"] ?? value)} has a name or a user with a NUL character, which Postgres cannot store. ` +
        "Copy it with yurt documents fork, purge it, and begin again.",
    );
  }
}
