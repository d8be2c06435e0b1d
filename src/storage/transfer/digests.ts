import { type Rows, type TableName, tables, type Value } from "./tables.ts";

/** A hash of a document, or of a table of the server, by its name. */
export type Digests = ReadonlyMap<string, string>;

/**
 * Hashes rows of documents, for each document in the order of its rows: ids, times, users and bytes. Equal hashes mean equal
 * updates, and so the same state of the document, and the same moments of its history.
 */
export async function digestDocuments(parts: AsyncIterable<Rows>): Promise<Digests> {
  const hashers = new Map<string, Bun.CryptoHasher>();
  for await (const { rows, table } of parts) {
    for (const row of rows) {
      const name = String(row["document"] ?? row["name"]);
      let hasher = hashers.get(name);
      if (hasher === undefined) {
        hasher = new Bun.CryptoHasher("sha256");
        hashers.set(name, hasher);
      }
      hash(table, row, hasher);
    }
  }
  return new Map([...hashers].map(([name, hasher]) => [name, hasher.digest("base64url")]));
}

/** Hashes the rows of each table of the server, in any order. */
export async function digestServer(parts: AsyncIterable<Rows>): Promise<Digests> {
  const hashes = new Map<TableName, string[]>();
  for await (const { rows, table } of parts) {
    const known = hashes.get(table) ?? [];
    hashes.set(table, known);
    for (const row of rows) {
      const hasher = new Bun.CryptoHasher("sha256");
      hash(table, row, hasher);
      known.push(hasher.digest("base64url"));
    }
  }
  const all = (rows: readonly string[]) => new Bun.CryptoHasher("sha256").update(rows.join("\n")).digest("base64url");
  return new Map([...hashes].map(([table, rows]) => [table, all(rows.sort())]));
}

/** The names whose hashes differ, or that only one side has. */
export function differingNames(left: Digests, right: Digests): readonly string[] {
  return [...new Set([...left.keys(), ...right.keys()])].filter((name) => left.get(name) !== right.get(name));
}

function hash(table: TableName, row: Readonly<Record<string, Value>>, hasher: Bun.CryptoHasher): void {
  const values = Object.keys(tables[table].columns).map((column) => row[column] ?? null);
  // The lengths of the bytes tell where they end.
  hasher.update(JSON.stringify([table, ...values.map((each) => (each instanceof Uint8Array ? [each.length] : each))]));
  for (const value of values) if (value instanceof Uint8Array) hasher.update(value);
}
