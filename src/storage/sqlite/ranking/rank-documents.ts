import type { Database } from "bun:sqlite";
import type { DocumentInfo } from "../../store.ts";
import { endOfPrefix, infoOf, type JournalSums, type UpdateSums } from "../documents/read-documents.ts";
import { liveEntries } from "../journal/live-entries.ts";
import { prepareRanking } from "../statements.ts";
import type { Ranking } from "./rankings.ts";
import { sumTable } from "./table-scan.ts";

/** Once for so many documents, it is checked whether the ranking is still wanted. */
const checkedDocuments = 1_000;

/** The ranking was given up, or took too long. */
export class RankingStopped extends Error {
  constructor() {
    super("The documents could not be ordered in time.");
    this.name = "RankingStopped";
  }
}

/**
 * Looks at all documents of one snapshot of the database, and returns the first ones of an order. Updates that are still in
 * the journal count. Throws SQLite's error, `StoreError` (corrupt), or `RankingStopped` when `mustStop` says so.
 */
export function rankDocuments(database: Database, ranking: Ranking, mustStop: () => boolean): readonly DocumentInfo[] {
  const statements = prepareRanking(database, ranking.state ?? "present");
  const rank = database.transaction(() => {
    const { limit, order, prefix = "" } = ranking;
    const names = [prefix, endOfPrefix(prefix)] as const;
    const { found = 0, highest = null } = statements.countNames.get(...names) ?? {};
    const journaled = sumJournal(database);
    const sums: UpdateSums = {
      ofJournal: (document) => journaled.get(document) ?? noUpdates,
      ofTable: sumTable(statements, found, highest ?? 0),
    };
    const first = new FirstDocuments(order, limit);
    let seen = 0;
    for (const document of statements.selectDocuments.iterate(...names)) {
      if (seen % checkedDocuments === 0 && mustStop()) throw new RankingStopped();
      seen += 1;
      first.add(infoOf(document, sums));
    }
    return first.list();
  });
  try {
    // The journal and the rows of the documents are of one snapshot: a fold moves updates from one to the others.
    return rank.deferred();
  } finally {
    for (const statement of Object.values(statements)) statement.finalize();
  }
}

const noUpdates: JournalSums = { count: 0, bytes: 0, last: undefined };

/** The live updates of the journal, summed up by document. */
function sumJournal(database: Database): ReadonlyMap<number, JournalSums> {
  const sums = new Map<number, { count: number; bytes: number; last: JournalSums["last"] }>();
  for (const { at, document, row, update } of liveEntries(database)) {
    const known = sums.get(document);
    if (known === undefined) {
      sums.set(document, { count: 1, bytes: update.byteLength, last: { row, at } });
      continue;
    }
    known.count += 1;
    known.bytes += update.byteLength;
    known.last = { row, at };
  }
  return sums;
}

/** The first documents of an order, of those that were added. It holds at most twice as many. */
class FirstDocuments {
  readonly #compare: (left: DocumentInfo, right: DocumentInfo) => number;
  readonly #limit: number;
  #held: DocumentInfo[] = [];

  constructor(order: Ranking["order"], limit: number) {
    // The sequence orders updates also where the clock was set back.
    const rank = order === "bytes" ? ({ bytes }: DocumentInfo) => bytes : ({ sequence }: DocumentInfo) => sequence;
    this.#compare = (left, right) => rank(right) - rank(left) || compareNames(left.name, right.name);
    this.#limit = limit;
  }

  add(info: DocumentInfo): void {
    this.#held.push(info);
    if (this.#held.length >= 2 * this.#limit + 1) this.#held = this.list();
  }

  list(): DocumentInfo[] {
    return this.#held.toSorted(this.#compare).slice(0, this.#limit);
  }
}

function compareNames(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
