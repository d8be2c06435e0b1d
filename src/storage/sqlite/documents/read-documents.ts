import { prefixEnd } from "../../names/prefix-end.ts";
import type { DocumentInfo, Page, RowId, StoredDocument } from "../../store.ts";
import type { Connection } from "../connection.ts";
import type { LastUpdate } from "../journal/journal.ts";
import { translateErrors } from "../sqlite-errors.ts";
import type { DocumentFactsRow } from "../statements.ts";
import type { TableSums } from "./table-sums.ts";

/** The live updates of one document in the journal, summed up. */
export interface JournalSums {
  readonly count: number;
  readonly bytes: number;
  /** Undefined if there are none. */
  readonly last: LastUpdate | undefined;
}

/** The sums of the updates of documents, by their numbers. */
export interface UpdateSums {
  ofJournal(document: number): JournalSums;
  ofTable(document: number, base: RowId | null): TableSums;
}

/** As `Store.load`. Throws `StoreError`. */
export function loadDocument(name: string, { journal, statements }: Connection): StoredDocument | undefined {
  return translateErrors(() => {
    const found = statements.findDocument.get(name);
    if (found === null) return undefined;
    const deletedAt = found.deletedAt ?? undefined;
    const { row: inTable = 0 } = statements.selectLastUpdate.get(found.id, found.base) ?? {};
    const sequence = Math.max(found.lastCompacted, inTable, journal.lastRowOf(found.id) ?? 0);
    if (deletedAt !== undefined) return { base: undefined, tail: [], quarantined: [], sequence, deletedAt };
    const updates = statements.selectUpdates.all(found.id);
    const base = updates.find(({ row }) => row === found.base);
    const journaled = journal.updatesOf(found.id);
    const tail = updates.filter(({ row }) => row !== found.base).concat(journaled);
    return {
      base: base && { ...base, summary: found.summary ?? undefined },
      // Updates that were too large for the journal may be older or newer than those in it.
      tail: journaled.length === 0 ? tail : tail.sort((left, right) => left.row - right.row),
      quarantined: statements.selectQuarantined.all(found.id),
      sequence,
    };
  });
}

/** As `Store.list`. Throws `StoreError`. */
export function listDocuments(
  { after, prefix = "", state = "present", limit }: Page,
  connection: Connection,
): readonly DocumentInfo[] {
  const sums = sumsIn(connection);
  return translateErrors(() =>
    connection.statements.selectPage[state]
      .all(prefix, after ?? null, endOfPrefix(prefix), limit)
      .map((found) => infoOf(found, sums)),
  );
}

/** SQLite orders every text before every blob. */
const afterAllNames = new Uint8Array();

/** The first value, in the order of SQLite, that is after all names that begin with `prefix`. */
export function endOfPrefix(prefix: string): string | Uint8Array {
  return prefixEnd(prefix) ?? afterAllNames;
}

/** As `Store.info`. Throws `StoreError`. */
export function documentInfo(name: string, connection: Connection): DocumentInfo | undefined {
  return translateErrors(() => {
    const found = connection.statements.selectInfo.get(name);
    return found === null ? undefined : infoOf(found, sumsIn(connection));
  });
}

function sumsIn({ journal, tableSums }: Connection): UpdateSums {
  return {
    ofJournal: (document) => ({
      ...journal.sumsOf(document),
      last: journal.lastOf(document, Number.POSITIVE_INFINITY),
    }),
    ofTable: (document, base) => tableSums.of(document, base),
  };
}

/** The facts of a document, with its updates in the journal. */
export function infoOf(found: DocumentFactsRow, sums: UpdateSums): DocumentInfo {
  const { base, id, lastCompacted } = found;
  const journaled = sums.ofJournal(id);
  const inTable = sums.ofTable(id, base);
  const last = [
    { row: lastCompacted, at: found.updatedAt },
    inTable.last ?? { row: 0, at: null },
    journaled.last ?? { row: 0, at: null },
  ].reduce((left, right) => (right.row > left.row ? right : left));
  const rows = inTable.rows + journaled.count;
  return {
    name: found.name,
    bytes: inTable.bytes + journaled.bytes,
    rows,
    tailRows: base === null ? rows : rows - 1,
    sequence: last.row,
    createdAt: found.createdAt ?? undefined,
    updatedAt: last.at ?? undefined,
    deletedAt: found.deletedAt ?? undefined,
  };
}
