import type { SQL } from "bun";
import { lockDocument } from "./document-lock.ts";
import { findDocument } from "./find-document.ts";

/**
 * Marks a document as deleted at `at` (epoch milliseconds), or takes that back with null. Idempotent: the time of the first
 * deletion stays. Returns false if there is no such document.
 */
export async function setDeletedAt(name: string, at: number | null, sql: SQL): Promise<boolean> {
  const changed = await sql<{ readonly name: string }[]>`
    UPDATE yurt_documents
    SET deleted_at = CASE WHEN ${at}::bigint IS NOT NULL THEN coalesce(deleted_at, ${at}::bigint) END
    WHERE name = ${name} RETURNING name`;
  return changed.length > 0;
}

/** Removes a document with its log and its history, in a transaction. Idempotent. */
export async function purgeDocument(name: string, transaction: SQL): Promise<void> {
  await lockDocument(name, transaction);
  const found = await findDocument(name, transaction);
  if (found === undefined) return;
  await transaction`DELETE FROM yurt_updates WHERE document = ${name}`;
  for (const table of ["yurt_quarantined", "yurt_history_segments", "yurt_history_snapshots", "yurt_versions"])
    await transaction`DELETE FROM ${transaction(table)} WHERE document = ${found.id}::bigint`;
  await transaction`DELETE FROM yurt_documents WHERE id = ${found.id}::bigint`;
}
