import type { SQL } from "bun";
import { replacedTail } from "../../compaction/replaced-tail.ts";
import { type Compaction, type RowId, StoreError } from "../../store.ts";
import type { ChangeStream } from "../feed/change-stream.ts";
import { addHistory, valuesOfAddition } from "../history/write-history.ts";
import { isOutcomeUnknown, repeatWhileBroken } from "../postgres-errors.ts";
import { readOneState, transact } from "../transact.ts";
import { isSentBefore, transactWithValues, type ValueFor } from "../transact-with-values.ts";
import { lockDocument } from "./document-lock.ts";
import { type DocumentRow, findDocument } from "./find-document.ts";

/** The tail up to a row. */
interface TailSums {
  readonly count: number;
  /** The sum of the distances to the first of the given rows. */
  readonly sum: number;
}

/** The rows of a tail that a compaction replaces; `last` is 0 if there are none. */
interface TailRange extends TailSums {
  readonly first: RowId;
  readonly last: RowId;
}

/**
 * As `Store.compact`. `rows` must be the base and all rows of the tail up to one: rows that another node has committed in
 * between are not in the base, and would be lost.
 *
 * `changes` is told last, in the same transaction.
 */
export async function compactDocument(
  name: string,
  compaction: Compaction,
  { changes, pool }: { readonly pool: SQL; readonly changes: Pick<ChangeStream, "record"> },
): Promise<RowId> {
  const { base, history } = compaction;
  const values = [base, ...(history === undefined ? [] : valuesOfAddition(history))];
  // Several nodes may compact at the same time, and all but one would send large values for nothing.
  if (values.some(isSentBefore)) await repeatWhileBroken(() => findRows(name, compaction, pool));
  let row: RowId | undefined;
  try {
    return await transactWithValues(values, pool, async (transaction, valueFor) => {
      await lockDocument(name, transaction);
      const taken = await takeRow(transaction);
      row = taken;
      await replaceRows(name, { ...compaction, row: taken }, { transaction, valueFor });
      await changes.record(name, "compacted", transaction);
      return taken;
    });
  } catch (error) {
    if (row !== undefined && isOutcomeUnknown(error) && (await isBase(name, row, pool))) return row;
    throw error;
  }
}

async function takeRow(transaction: SQL): Promise<RowId> {
  const [taken] = await transaction<{ readonly row: RowId }[]>`SELECT nextval('yurt_rows')::float8 AS row`;
  if (taken === undefined) throw new Error("The sequence has returned no number.");
  return taken.row;
}

/** Whether a compaction whose answer was lost is committed, and no other one has followed. Waits for it if it still runs. */
function isBase(name: string, row: RowId, pool: SQL): Promise<boolean> {
  return transact(pool, async (transaction) => {
    await lockDocument(name, transaction);
    return (await findDocument(name, transaction))?.base === row;
  });
}

async function replaceRows(
  name: string,
  { base, history, quarantined, row, rows, summary }: Compaction & { readonly row: RowId },
  { transaction, valueFor }: { readonly transaction: SQL; readonly valueFor: ValueFor },
): Promise<void> {
  const { found, replaced } = await findRows(name, { rows }, transaction);
  if (quarantined.length > 0) await quarantine(found, quarantined, transaction);
  const { last } = replaced;
  await transaction`
    UPDATE yurt_documents SET base = ${row}::bigint, base_data = ${valueFor(base)}, summary = ${summary}::bytea,
      last_update = greatest(last_update, ${last}::bigint),
      updated_at = coalesce((SELECT at FROM yurt_updates WHERE document = name AND id = ${last}::bigint), updated_at)
    WHERE id = ${found.id}::bigint`;
  await transaction`DELETE FROM yurt_updates WHERE document = ${name} AND id <= ${last}::bigint`;
  // Without rows of the tail the document has not changed.
  if (last > 0) await addHistory(found, history, { transaction, valueFor });
}

/** As `Store.hasAllRows`. */
export async function hasAllRows(name: string, rows: readonly RowId[], pool: SQL): Promise<boolean> {
  return (await readOneState(pool, (transaction) => tryToFindRows(name, rows, transaction))) !== undefined;
}

interface FoundRows {
  readonly found: DocumentRow;
  readonly replaced: TailRange;
}

/** Throws `StoreError` unless the rows are those of the document up to the last one. */
async function findRows(name: string, { rows }: Pick<Compaction, "rows">, sql: SQL): Promise<FoundRows> {
  const found = await tryToFindRows(name, rows, sql);
  if (found === undefined) throw new StoreError("unavailable", "The rows to compact have changed.");
  return found;
}

/** Undefined unless the rows are those of the document up to the last one. */
async function tryToFindRows(name: string, rows: readonly RowId[], sql: SQL): Promise<FoundRows | undefined> {
  const found = await findDocument(name, sql);
  if (found === undefined) return undefined;
  const replaced = tailOf(rows, found.base);
  return (await areThere(found, { rows, replaced }, sql)) ? { found, replaced } : undefined;
}

function tailOf(rows: readonly RowId[], base: RowId | null): TailRange {
  const { count, first, last, sum } = replacedTail(rows, base);
  return count === 0 ? { first: 0, last, count, sum } : { first, last, count, sum: sum - count * first };
}

/**
 * Whether these rows are those of the document up to the last one. Ids are never reused: rows of the same number and sum
 * are the same. To look for each of 100,000 would take longer than everything else.
 */
async function areThere(
  { base, name }: DocumentRow,
  { rows, replaced }: { readonly rows: readonly RowId[]; readonly replaced: TailRange },
  transaction: SQL,
): Promise<boolean> {
  const { count, first, last, sum } = replaced;
  if (rows.length - count !== (base === null ? 0 : 1)) return false;
  const [inTable] = await transaction<TailSums[]>`
    SELECT count(*)::float8 AS count, coalesce(sum(id - ${first}::bigint), 0)::float8 AS sum
    FROM yurt_updates WHERE document = ${name} AND id <= ${last}::bigint`;
  return inTable?.count === count && inTable.sum === sum;
}

async function quarantine({ base, id, name }: DocumentRow, rows: readonly RowId[], transaction: SQL): Promise<void> {
  await transaction`
    INSERT INTO yurt_quarantined (document, id, data)
    SELECT ${id}::bigint, id, data FROM yurt_updates WHERE document = ${name} AND id = ANY(${rows}::bigint[])`;
  if (base !== null && rows.includes(base))
    await transaction`
      INSERT INTO yurt_quarantined (document, id, data)
      SELECT id, base, base_data FROM yurt_documents WHERE id = ${id}::bigint`;
}
