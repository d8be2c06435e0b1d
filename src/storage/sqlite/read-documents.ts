import type { DocumentInfo, Page, StoredDocument } from "../store.ts";
import type { Connection } from "./connection.ts";
import { translateErrors } from "./sqlite-errors.ts";

/** As `Store.load`. Throws `StoreError`. */
export function loadDocument(name: string, { journal, statements }: Connection): StoredDocument | undefined {
  return translateErrors(() => {
    const found = statements.findDocument.get(name);
    if (found === null) return undefined;
    const updates = statements.selectUpdates.all(found.id);
    const base = updates.find(({ row }) => row === found.base);
    const journaled = journal.updatesOf(found.id);
    const tail = updates.filter(({ row }) => row !== found.base).concat(journaled);
    return {
      base: base && { ...base, summary: found.summary ?? undefined },
      // Updates that were too large for the journal may be older or newer than those in it.
      tail: journaled.length === 0 ? tail : tail.sort((left, right) => left.row - right.row),
      quarantined: statements.selectQuarantined.all(found.id),
    };
  });
}

/** As `Store.list`. Throws `StoreError`. */
export function listDocuments({ after, limit }: Page, { journal, statements }: Connection): readonly DocumentInfo[] {
  return translateErrors(() =>
    statements.selectPage.all(after ?? "", after ?? null, limit).map(({ id, name, bytes, rows, tailRows }) => {
      const journaled = journal.updatesOf(id);
      const journaledBytes = journaled.reduce((sum, { update }) => sum + update.byteLength, 0);
      return {
        name,
        bytes: bytes + journaledBytes,
        rows: rows + journaled.length,
        tailRows: tailRows + journaled.length,
      };
    }),
  );
}
