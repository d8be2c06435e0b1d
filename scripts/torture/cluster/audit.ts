import type { SQL } from "bun";
import * as Y from "yjs";
import { countClocks } from "../ledger.ts";
import type { Known } from "./member.ts";

interface Row {
  readonly data: Uint8Array;
}

/** Reads a document from the database, past all nodes. */
export async function storedDocument(name: string, database: SQL): Promise<Y.Doc> {
  const rows = await database<Row[]>`
    SELECT base_data AS data FROM yurt_documents WHERE name = ${name} AND base_data IS NOT NULL
    UNION ALL SELECT data FROM yurt_updates WHERE document = ${name}`;
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const { data } of rows) Y.applyUpdate(doc, data);
  });
  return doc;
}

export interface Lost {
  readonly seen: number;
  readonly acknowledged: number;
  /** Which content is missing, for a report. */
  readonly which: string;
}

/**
 * Compares what clients know of a document with what is in the database. What they know before the read must be there
 * already: it is stored before it is forwarded or acknowledged. Rejects if the database cannot be reached.
 */
export async function audit(
  { name, seen, acknowledged }: Known,
  stored: (document: string) => Promise<Y.Doc>,
): Promise<Lost> {
  const [seenBefore, acknowledgedBefore] = [seen.copy(), acknowledged.copy()];
  const doc = await stored(name);
  const [lostSeen, lostAcknowledged] = [seenBefore, acknowledgedBefore].map((ledger) => ledger.missingFrom(doc));
  doc.destroy();
  const count = (missing: typeof lostSeen) =>
    missing === undefined ? 0 : countClocks(missing.structs) + countClocks(missing.deletes);
  return {
    seen: count(lostSeen),
    acknowledged: count(lostAcknowledged),
    which: JSON.stringify({ seen: lostSeen, acknowledged: lostAcknowledged }),
  };
}
