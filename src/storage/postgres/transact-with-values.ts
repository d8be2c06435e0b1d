import type { SQL } from "bun";
import { StoreError } from "../store.ts";
import { isValueMissing, repeatWhileBroken } from "./postgres-errors.ts";
import { transact } from "./transact.ts";

/** The value of some bytes in a statement of a transaction. */
export type ValueFor = (bytes: Uint8Array) => SQL.Query<unknown>;

/** Values up to this size are sent with the statement that writes them. */
const smallBytes = 64 * 1024;

/** Whether `transactWithValues` sends such a value before the transaction. */
export function isSentBefore({ byteLength }: Uint8Array): boolean {
  return byteLength > smallBytes;
}

/**
 * As `transact`, for a task that locks a document and writes `values`, which may be large. The large ones are sent before
 * the transaction begins, to a table from which its statements copy them. Otherwise nobody could append to the document
 * while a value passes a slow link, and Postgres would take the session for an idle one, and end it.
 *
 * A crash of the database empties the table. A value that is not there any more is NULL, which no column for such values
 * takes: nothing is written then, and the call rejects.
 */
export async function transactWithValues<Result>(
  values: readonly Uint8Array[],
  pool: SQL,
  task: (transaction: SQL, valueFor: ValueFor) => Promise<Result>,
): Promise<Result> {
  const large = new Set(values.filter(isSentBefore));
  const ids = new Map([...large].map((bytes) => [bytes, crypto.randomUUID()]));
  try {
    for (const [bytes, id] of ids) await send(id, bytes, pool);
    return await transact(pool, (transaction) => task(transaction, (bytes) => valueIn(transaction, bytes, ids)));
  } catch (error) {
    if (ids.size === 0 || !isValueMissing(error)) throw error;
    throw new StoreError("unavailable", "The database has lost what was sent before the transaction.", {
      cause: error,
    });
  } finally {
    if (ids.size > 0) remove([...ids.values()], pool);
  }
}

/** Removes values that were sent an hour ago, by nodes that have ended before their transactions. */
export async function removeOldValues(sql: SQL): Promise<void> {
  await sql`DELETE FROM yurt_sent_values WHERE at < now() - interval '1 hour'`;
}

async function send(id: string, bytes: Uint8Array, pool: SQL): Promise<void> {
  await repeatWhileBroken(
    () => pool`INSERT INTO yurt_sent_values (id, data) VALUES (${id}::uuid, ${bytes}::bytea) ON CONFLICT DO NOTHING`,
  );
}

function valueIn(transaction: SQL, bytes: Uint8Array, ids: ReadonlyMap<Uint8Array, string>): SQL.Query<unknown> {
  const id = ids.get(bytes);
  if (id === undefined) return transaction`${bytes}::bytea`;
  return transaction`(SELECT data FROM yurt_sent_values WHERE id = ${id}::uuid)`;
}

/** Nobody waits for it. What is left when it fails is removed as that of a node that has ended. */
function remove(ids: readonly string[], pool: SQL): void {
  pool`DELETE FROM yurt_sent_values WHERE id = ANY(${pool.array([...ids], "UUID")})`.catch(() => {});
}
