import type { SQL } from "bun";
import { mayPurge } from "../../may-purge.ts";
import { forgetContents } from "../webhooks/record-event.ts";
import { lockDocument } from "./document-lock.ts";
import { findDocument } from "./find-document.ts";

/** Whether a document exists, and whether it has been changed. */
export interface ChangedDocument {
  readonly isFound: boolean;
  readonly isChanged: boolean;
}

/**
 * Marks a document as deleted at `at` (epoch milliseconds), or takes that back with null, in a transaction. Idempotent: the
 * time of the first deletion stays.
 */
export async function setDeletedAt(name: string, at: number | null, transaction: SQL): Promise<ChangedDocument> {
  await lockDocument(name, transaction);
  const found = await findDocument(name, transaction);
  if (found === undefined) return { isFound: false, isChanged: false };
  if ((found.deletedAt === null) === (at === null)) return { isFound: true, isChanged: false };
  await transaction`UPDATE yurt_documents SET deleted_at = ${at}::bigint WHERE id = ${found.id}::bigint`;
  return { isFound: true, isChanged: true };
}

/** Removes a document with its log and its history, in a transaction. As `Store.purge`. */
export async function purgeDocument(
  name: string,
  deletedUntil: number | undefined,
  transaction: SQL,
): Promise<ChangedDocument> {
  await lockDocument(name, transaction);
  const found = await findDocument(name, transaction);
  if (found === undefined || !mayPurge(found, deletedUntil)) return { isFound: false, isChanged: false };
  // Before the commit, and under the lock: `insertIntoExisting` relies on it.
  await transaction`SELECT nextval('yurt_purges')`;
  await transaction`DELETE FROM yurt_updates WHERE document = ${name}`;
  for (const table of ["yurt_quarantined", "yurt_history_segments", "yurt_history_snapshots", "yurt_versions"])
    await transaction`DELETE FROM ${transaction(table)} WHERE document = ${found.id}::bigint`;
  await transaction`DELETE FROM yurt_documents WHERE id = ${found.id}::bigint`;
  await forgetContents(name, transaction);
  return { isFound: true, isChanged: true };
}
