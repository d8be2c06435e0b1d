/** Whether a purge with `deletedUntil` (`Store.purge`) removes a document that was deleted at that time; null: it is not. */
export function mayPurge(
  { deletedAt }: { readonly deletedAt: number | null },
  deletedUntil: number | undefined,
): boolean {
  return deletedUntil === undefined || (deletedAt !== null && deletedAt <= deletedUntil);
}
