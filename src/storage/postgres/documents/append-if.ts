import type { SQL } from "bun";
import type { RowId } from "../../store.ts";
import type { ChangeStream } from "../feed/change-stream.ts";
import { transactWithValues } from "../transact-with-values.ts";
import { lockDocument } from "./document-lock.ts";
import { findDocument } from "./find-document.ts";
import { type BatchPlace, type InsertedBatch, insertBatch } from "./insert-batch.ts";
import type { PackedBatch } from "./packed-batch.ts";

/** A batch that is stored, and its place. */
export interface AppendedBatch extends InsertedBatch {
  readonly place: BatchPlace;
}

/**
 * Inserts the one update of a batch, if the last row of its document is `last`; undefined if not. It is a batch of the
 * change stream: those of the node's other writer are numbered before they are sent.
 */
export async function appendIf(
  batch: PackedBatch,
  last: RowId,
  { changes, pool }: { readonly pool: SQL; readonly changes: Pick<ChangeStream, "nextPlace"> },
): Promise<AppendedBatch | undefined> {
  const [document = ""] = batch.documents;
  return await transactWithValues([batch.bytes], pool, async (transaction, valueFor) => {
    await lockDocument(document, transaction);
    if (!(await isLast(document, last, transaction))) return undefined;
    const place = await changes.nextPlace(transaction);
    return { ...(await insertBatch(place, batch, transaction, valueFor(batch.bytes))), place };
  });
}

async function isLast(document: string, last: RowId, transaction: SQL): Promise<boolean> {
  const found = await findDocument(document, transaction);
  if (found === undefined) return last === 0;
  if (found.deletedAt !== null) return false;
  const [tail] = await transaction<{ readonly last: RowId | null }[]>`
    SELECT max(id)::float8 AS last FROM yurt_updates WHERE document = ${document}`;
  return Math.max(found.lastCompacted, tail?.last ?? 0) === last;
}
