import type { SQL } from "bun";
import {
  type ColumnType,
  contentTables,
  type DocumentTable,
  documentTables,
  inParts,
  partBytes,
  type Row,
  type Rows,
  rowBytes,
  serverTables,
  type Value,
} from "../../transfer/tables.ts";
import type { SizedDocument } from "../../transfer/transfer-ends.ts";
import { readLastRow } from "../webhooks/record-event.ts";
import { cursorsOfNotes, messagesOfNotes } from "./created-notes.ts";

/** The rows that are read at once of tables whose rows are short. */
const shortRows = 10_000;
/** A message may have the content of its document. */
const pageMessages = 100;

/** The documents of a part, in the order of their names. */
interface Part {
  readonly names: readonly string[];
  readonly numbers: readonly number[];
}

/** Reads the rows of a database as a transfer copies them, on one connection. */
export class DatabaseRows {
  readonly #sql: SQL;

  constructor(sql: SQL) {
    this.#sql = sql;
  }

  async countDocuments(): Promise<number> {
    const [counted] = await this.#sql<
      { readonly count: number }[]
    >`SELECT count(*)::float8 AS count FROM yurt_documents`;
    return counted?.count ?? 0;
  }

  lastRow(): Promise<number> {
    return readLastRow(this.#sql);
  }

  async documents(after: string | undefined, limit: number): Promise<readonly SizedDocument[]> {
    const sums = contentTables.map(
      (table) =>
        `coalesce((SELECT sum(${lengths(table)}) FROM yurt_${table} AS content WHERE content.document = documents.${ownerOf(table)}), 0)`,
    );
    return await this.#sql.unsafe<SizedDocument[]>(
      `SELECT name, (${lengths("documents")} + ${sums.join(" + ")})::float8 AS bytes FROM yurt_documents AS documents
       WHERE $1::text IS NULL OR name > $1::text ORDER BY name LIMIT $2::int`,
      [after ?? null, limit],
    );
  }

  async *read(documents: readonly string[]): AsyncGenerator<Rows> {
    const found = await this.#query(
      `SELECT id::float8, ${columnsOf("documents")} FROM yurt_documents AS content WHERE name = ANY($1::text[]) ORDER BY name`,
      [documents],
    );
    yield* inParts("documents", found);
    const part = { names: found.map(({ name }) => String(name)), numbers: found.map(({ id }) => Number(id)) };
    for (const table of contentTables) {
      if (part.names.length === 1) yield* this.#readLarge(table, part);
      else yield* inParts(table, await this.#readContent(table, part));
    }
  }

  async *readServer(): AsyncGenerator<Rows> {
    yield* inParts("webhooks", await this.#query(`SELECT ${columnsOf("webhooks")} FROM yurt_webhooks AS content`));
    const cursors = `SELECT ${columnsOf("webhook_cursors")} FROM yurt_webhook_cursors AS content`;
    const noted = await cursorsOfNotes(this.#sql);
    for await (const rows of this.#pages(cursors, ["webhook", "document"], shortRows))
      yield { table: "webhook_cursors", rows: rows.filter(({ document }) => !noted.documents.has(String(document))) };
    yield* inParts("webhook_cursors", noted.cursors);
    const messages = `SELECT id::float8, ${columnsOf("webhook_messages")} FROM yurt_webhook_messages AS content`;
    for await (const rows of this.#pages(messages, ["id"], pageMessages)) yield { table: "webhook_messages", rows };
    yield* inParts("webhook_messages", await messagesOfNotes(this.#sql));
  }

  /** The rows of several documents, which are a part together. */
  async #readContent(table: DocumentTable, { names, numbers }: Part): Promise<readonly Row[]> {
    const { order } = documentTables[table];
    const isByName = ownerOf(table) === "name";
    const place = isByName ? "content.document" : "array_position($1::bigint[], content.document)";
    const rows = await this.#query(
      `SELECT content.document${isByName ? "" : "::float8"} AS owner, ${columnsOf(table)} FROM yurt_${table} AS content
       WHERE content.document = ANY($1::${isByName ? "text" : "bigint"}[]) ORDER BY ${[place, ...order].join(", ")}`,
      [isByName ? names : numbers],
    );
    if (isByName) return rows;
    const byNumber = new Map(numbers.map((number, index) => [number, names[index] ?? null]));
    return rows.map((row) => ({ ...row, document: byNumber.get(Number(row["owner"])) ?? null }));
  }

  /** The rows of one document, in as many parts as they need. */
  async *#readLarge(table: DocumentTable, { names, numbers }: Part): AsyncGenerator<Rows> {
    const { order } = documentTables[table];
    const [key = ""] = order;
    const isByName = ownerOf(table) === "name";
    const type = isByName ? "text" : "bigint";
    const [document = ""] = isByName ? names : numbers;
    const ends = await this.#query(
      `SELECT max(key)::float8 AS last FROM (
         SELECT ${key} AS key, div(sum(${lengths(table)}) OVER (ORDER BY ${key}), ${partBytes}) AS part
         FROM yurt_${table} AS content WHERE document = $1::${type}
       ) AS parts GROUP BY part ORDER BY last`,
      [document],
    );
    let after = 0;
    for (const { last = 0 } of ends) {
      const rows = await this.#query(
        `SELECT ${columnsOf(table)} FROM yurt_${table} AS content
         WHERE document = $1::${type} AND ${key} > $2::bigint AND ${key} <= $3::bigint ORDER BY ${order.join(", ")}`,
        [document, after, last],
      );
      yield { table, rows: isByName ? rows : rows.map((row) => ({ ...row, document: names[0] ?? null })) };
      after = Number(last);
    }
  }

  /** The rows of a query in pages, by columns that are unique together. */
  async *#pages(query: string, key: readonly string[], limit: number): AsyncGenerator<readonly Row[]> {
    let last: Row | undefined;
    do {
      const places = key.map((column, index) => `$${index + 1}::${column === "id" ? "bigint" : "text"}`);
      const condition = last === undefined ? "" : `WHERE (${key.join(", ")}) > (${places.join(", ")})`;
      const values = last === undefined ? [] : key.map((column) => last?.[column] ?? null);
      const rows = await this.#query(`${query} ${condition} ORDER BY ${key.join(", ")} LIMIT ${limit}`, values);
      if (rows.length > 0) yield rows;
      last = rows.length < limit ? undefined : rows.at(-1);
    } while (last !== undefined);
  }

  async #query(query: string, values: readonly (Value | readonly Value[])[] = []): Promise<readonly Row[]> {
    return await this.#sql.unsafe<Row[]>(query, [...values]);
  }
}

/** The column of a document that the rows of a table have: an update has the name, other rows the number. */
function ownerOf(table: DocumentTable): "name" | "id" {
  return table === "updates" ? "name" : "id";
}

/** The columns to select, under their names. Those of rows that have a number have no `document`. */
function columnsOf(table: keyof typeof documentTables | keyof typeof serverTables): string {
  const { columns }: { readonly columns: Readonly<Record<string, ColumnType>> } =
    table in serverTables ? serverTables[table as keyof typeof serverTables] : documentTables[table as DocumentTable];
  const hasNumber = table in documentTables && ownerOf(table as DocumentTable) === "id";
  return Object.entries(columns)
    .filter(([column]) => !(hasNumber && column === "document"))
    .map(([column, type]) => `${selected(`content."${column}"`, type)} AS "${column}"`)
    .join(", ");
}

function selected(column: string, type: ColumnType): string {
  switch (type) {
    case "number":
      return `${column}::float8`;
    case "flag":
      return `${column}::int`;
    case "text":
    case "bytes":
      return column;
  }
}

/** The bytes of a row, as `sizeOf` counts. */
function lengths(table: DocumentTable): string {
  const owner = table === "documents" ? "documents" : "content";
  const bytes = Object.entries(documentTables[table].columns).filter(([, type]) => type === "bytes");
  return [...bytes.map(([column]) => `coalesce(octet_length(${owner}.${column}), 0)`), rowBytes].join(" + ");
}
