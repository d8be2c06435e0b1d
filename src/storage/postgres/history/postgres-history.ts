import type { SQL } from "bun";
import { sequenceOf } from "../../history/history-parts.ts";
import type {
  EndedSegment,
  ExpiredHistory,
  HistoryExtent,
  HistoryPart,
  HistoryProgress,
  HistorySnapshot,
  HistoryStore,
  Moment,
  StoredActivity,
  StoredMoment,
  StoredVersion,
  UpdateTime,
  VersionPage,
} from "../../history/history-store.ts";
import type { RowId } from "../../store.ts";
import type { CallOrder } from "../call-order.ts";
import { lockDocument } from "../documents/document-lock.ts";
import { type DocumentRow, findDocument } from "../documents/find-document.ts";
import { translateErrors } from "../postgres-errors.ts";
import { readOneState, transact } from "../transact.ts";
import { transactWithValues, type ValueFor } from "../transact-with-values.ts";
import type { PostgresWebhookStore } from "../webhooks/postgres-webhook-store.ts";
import {
  marksOf,
  type SegmentRow,
  type SnapshotRow,
  segmentOf,
  snapshotOf,
  type VersionRow,
  versionOf,
} from "./history-rows.ts";
import { readMoment } from "./read-moment.ts";
import { findLastSegment, originatedTail, readProgress } from "./read-tail.ts";
import { deleteHistory, lastNumber, putPart, putVersion, shortenHistory, valuesOfPart } from "./write-history.ts";

export interface PostgresHistoryOptions {
  readonly pool: SQL;
  /** The order of the store's calls, which those of its history are part of. */
  readonly order: CallOrder;
  /** Told of versions. */
  readonly webhooks: Pick<PostgresWebhookStore, "recordIn" | "recorded">;
}

type Change<Result> = (found: DocumentRow, transaction: SQL, valueFor: ValueFor) => Promise<Result>;

type VersionId = Pick<StoredVersion, "sequence" | "number">;

const versionsInPage = 500;

const noExtent: HistoryExtent = { first: undefined, segments: 0, snapshots: 0, bytes: 0 };

/** The history of the documents of a `PostgresStore`. */
export class PostgresHistory implements HistoryStore {
  readonly #pool: SQL;
  readonly #order: CallOrder;
  readonly #webhooks: PostgresHistoryOptions["webhooks"];

  constructor({ pool, order, webhooks }: PostgresHistoryOptions) {
    this.#pool = pool;
    this.#order = order;
    this.#webhooks = webhooks;
  }

  progress(document: string): Promise<HistoryProgress | undefined> {
    return this.#read(document, readProgress);
  }

  moment(document: string, moment: Moment): Promise<StoredMoment | undefined> {
    return this.#readPresent(document, (found, transaction) => readMoment(found, moment, transaction));
  }

  async activity(document: string, { from, to }: { readonly from: number; readonly to: number }) {
    const activity = await this.#readPresent<StoredActivity>(document, async (found, transaction) => {
      const rows = await transaction<Omit<SegmentRow, "users" | "data">[]>`
        SELECT last::float8, started_at::float8 AS "startedAt", ended_at::float8 AS "endedAt", marks
        FROM yurt_history_segments
        WHERE document = ${found.id}::bigint AND ended_at >= ${from}::float8 AND started_at <= ${to}::float8
        ORDER BY last`;
      return { segments: rows.map(marksOf), tail: await originatedTail(found, transaction) };
    });
    return activity ?? { segments: [], tail: [] };
  }

  async extent(document: string): Promise<HistoryExtent> {
    const extent = await this.#readPresent(document, ({ id }, transaction) => readExtent(id, transaction));
    return extent ?? noExtent;
  }

  async versions(document: string, { before, limit }: VersionPage): Promise<readonly StoredVersion[]> {
    const versions = await this.#readPresent(document, async ({ id }, sql) => {
      const isBefore =
        before === undefined
          ? sql``
          : sql`AND (sequence, number) < (${before.sequence}::bigint, ${before.number}::int)`;
      const rows = await sql<VersionRow[]>`
        SELECT ${versionColumns(sql)} FROM yurt_versions WHERE document = ${id}::bigint ${isBefore}
        ORDER BY sequence DESC, number DESC LIMIT ${limit}`;
      return { rows: rows.map(versionOf) };
    });
    return versions?.rows ?? [];
  }

  version(document: string, { sequence, number }: VersionId): Promise<StoredVersion | undefined> {
    return this.#readPresent(document, async ({ id }, sql) => {
      const [found] = await sql<VersionRow[]>`
        SELECT ${versionColumns(sql)} FROM yurt_versions
        WHERE document = ${id}::bigint AND sequence = ${sequence}::bigint AND number = ${number}::int`;
      return found && versionOf(found);
    });
  }

  async countNamed(document: string): Promise<number> {
    const named = await this.#readPresent(document, async ({ id }, sql) => {
      const [counted] = await sql<{ readonly count: number }[]>`
        SELECT count(*)::float8 AS count FROM yurt_versions WHERE document = ${id}::bigint AND name IS NOT NULL`;
      return counted?.count;
    });
    return named ?? 0;
  }

  async addVersion(document: string, version: Omit<StoredVersion, "number">): Promise<StoredVersion | undefined> {
    const stored = await this.#changePresent(document, async ({ id }, transaction) => {
      const last = (await lastNumber(id, version.sequence, transaction)) ?? 0;
      const added = { ...version, number: last + 1 };
      await putVersion(id, added, transaction);
      const { createdBy, name, sequence } = added;
      const data = { sequence, name, user: createdBy };
      await this.#webhooks.recordIn(transaction, { type: "version.created", document, data });
      return added;
    });
    if (stored !== undefined) this.#webhooks.recorded([document]);
    return stored;
  }

  async putVersion(document: string, version: StoredVersion): Promise<boolean> {
    const isPut = await this.#changePresent(document, async ({ id }, transaction) => {
      await putVersion(id, version, transaction);
      return true;
    });
    return isPut ?? false;
  }

  async deleteVersion(document: string, { sequence, number }: VersionId): Promise<boolean> {
    const isDeleted = await this.#changePresent(document, async ({ id }, transaction) => {
      const deleted = await transaction<{ readonly number: number }[]>`
        DELETE FROM yurt_versions
        WHERE document = ${id}::bigint AND sequence = ${sequence}::bigint AND number = ${number}::int RETURNING number`;
      return deleted.length > 0;
    });
    return isDeleted ?? false;
  }

  async deleteAutomatic(document: string, sequences: readonly RowId[]): Promise<void> {
    await this.#changePresent(document, async ({ id }, transaction) => {
      await transaction`
        DELETE FROM yurt_versions
        WHERE document = ${id}::bigint AND sequence = ANY(${sequences}::bigint[]) AND number = 0 AND name IS NULL`;
    });
  }

  expired(document: string, before: number, isInclusive = false): Promise<ExpiredHistory | undefined> {
    return this.#read(document, async (found, sql) => {
      const column = isInclusive ? sql`started_at` : sql`ended_at`;
      const [last] = await sql<UpdateTime[]>`
        SELECT last::float8 AS sequence, ended_at::float8 AS at FROM yurt_history_segments
        WHERE document = ${found.id}::bigint AND ${column} < ${before}::float8 ORDER BY last DESC LIMIT 1`;
      return last && { last, isAll: (await findLastSegment(found, sql))?.sequence === last.sequence };
    });
  }

  async shorten(document: string, snapshot: HistorySnapshot): Promise<void> {
    const shorten: Change<void> = ({ id }, transaction, valueFor) =>
      shortenHistory(id, snapshot, { transaction, valueFor });
    await this.#change(document, shorten, [snapshot.data]);
  }

  async erase(document: string, until?: RowId): Promise<void> {
    await this.#change(document, async (found, transaction) => {
      const isAsked = until === undefined || (await findLastSegment(found, transaction))?.sequence === until;
      if (isAsked) await deleteHistory(found.id, transaction, until);
    });
  }

  async *parts(document: string): AsyncGenerator<HistoryPart> {
    for (const next of [nextSegment, nextSnapshot]) {
      const after = (row: RowId) => this.#readPresent(document, ({ id }, sql) => next(id, row, sql));
      for (let part = await after(-1); part !== undefined; part = await after(sequenceOf(part))) yield part;
    }
    let before: StoredVersion | undefined;
    do {
      const page = await this.versions(document, { before, limit: versionsInPage });
      for (const version of page) yield { kind: "version", version };
      before = page.at(-1);
    } while (before !== undefined);
  }

  expectParts(until: RowId): Promise<void> {
    return this.#order.aboutAll(() =>
      translateErrors(() =>
        transact(this.#pool, async (transaction) => {
          // This locks the sequence: another node that took a number meanwhile would see it twice.
          await transaction`ALTER SEQUENCE yurt_rows CACHE 1`;
          await transaction`
            SELECT setval('yurt_rows', ${until + 1}::bigint) FROM yurt_rows
            WHERE last_value <= ${until}::bigint OR NOT is_called`;
        }),
      ),
    );
  }

  async addPart(document: string, part: HistoryPart, createdAt?: number): Promise<void> {
    const add: Change<void> = async ({ id }, transaction, valueFor) => {
      const [found] = await transaction<{ createdAt: number }[]>`
        SELECT created_at::float8 AS "createdAt" FROM yurt_documents WHERE id = ${id}::bigint`;
      if (createdAt === undefined || found?.createdAt === createdAt) await putPart(id, part, { transaction, valueFor });
    };
    await this.#changePresent(document, add, valuesOfPart(part));
  }

  async endedBefore(before: number, after: EndedSegment | undefined, limit: number): Promise<readonly EndedSegment[]> {
    const { endedAt = -1, document = 0 } = after ?? {};
    return this.#order.aboutAll(() =>
      translateErrors(() =>
        readOneState(
          this.#pool,
          async (transaction) =>
            await transaction<EndedSegment[]>`
              SELECT ended_at::float8 AS "endedAt", document::float8, name
              FROM yurt_history_segments JOIN yurt_documents AS documents ON documents.id = document
              WHERE (ended_at, document) > (${endedAt}::bigint, ${document}::bigint) AND ended_at < ${before}::bigint
              ORDER BY ended_at, document LIMIT ${limit}`,
        ),
      ),
    );
  }

  /** Runs `task` with a document that exists, in a transaction that sees one state. */
  #read<Result>(
    document: string,
    task: (found: DocumentRow, transaction: SQL) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#about(document, () =>
      readOneState(this.#pool, async (transaction) => {
        const found = await findDocument(document, transaction);
        return found && (await task(found, transaction));
      }),
    );
  }

  /** As `#read`, for a document that is not deleted. */
  #readPresent<Result>(
    document: string,
    task: (found: DocumentRow, transaction: SQL) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    return this.#read(document, async (found, transaction) =>
      found.deletedAt === null ? await task(found, transaction) : undefined,
    );
  }

  /** Runs `task`, which writes `values`, with a document that exists, which is locked. */
  #change<Result>(
    document: string,
    task: Change<Result>,
    values: readonly Uint8Array[] = [],
  ): Promise<Result | undefined> {
    return this.#about(document, () =>
      transactWithValues(values, this.#pool, async (transaction, valueFor) => {
        await lockDocument(document, transaction);
        const found = await findDocument(document, transaction);
        return found && (await task(found, transaction, valueFor));
      }),
    );
  }

  #changePresent<Result>(
    document: string,
    task: Change<Result>,
    values?: readonly Uint8Array[],
  ): Promise<Result | undefined> {
    const change: Change<Result | undefined> = async (found, transaction, valueFor) =>
      found.deletedAt === null ? await task(found, transaction, valueFor) : undefined;
    return this.#change(document, change, values);
  }

  #about<Result>(document: string, task: () => Promise<Result>): Promise<Result> {
    return this.#order.about(document, () => translateErrors(task));
  }
}

function versionColumns(sql: SQL) {
  return sql`sequence::float8, number, at::float8, name, users, created_by AS "createdBy"`;
}

async function readExtent(document: number, transaction: SQL): Promise<HistoryExtent> {
  const [first] = await transaction<UpdateTime[]>`
    SELECT sequence::float8, at::float8 FROM yurt_history_snapshots WHERE document = ${document}::bigint
    ORDER BY sequence LIMIT 1`;
  const [sums] = await transaction<Omit<HistoryExtent, "first">[]>`
    SELECT segments.count::float8 AS segments, snapshots.count::float8 AS snapshots,
      (segments.bytes + snapshots.bytes)::float8 AS bytes
    FROM (
      SELECT count(*), coalesce(sum(octet_length(marks) + octet_length(data)), 0) AS bytes
      FROM yurt_history_segments WHERE document = ${document}::bigint
    ) AS segments, (
      SELECT count(*), coalesce(sum(octet_length(data)), 0) AS bytes
      FROM yurt_history_snapshots WHERE document = ${document}::bigint
    ) AS snapshots`;
  return { ...noExtent, ...sums, first };
}

async function nextSegment(document: number, after: RowId, sql: SQL): Promise<HistoryPart | undefined> {
  const [row] = await sql<SegmentRow[]>`
    SELECT last::float8, started_at::float8 AS "startedAt", ended_at::float8 AS "endedAt", users, marks, data
    FROM yurt_history_segments WHERE document = ${document}::bigint AND last > ${after}::bigint ORDER BY last LIMIT 1`;
  return row && { kind: "segment", segment: segmentOf(row) };
}

async function nextSnapshot(document: number, after: RowId, sql: SQL): Promise<HistoryPart | undefined> {
  const [row] = await sql<(SnapshotRow & { readonly isStart: boolean })[]>`
    SELECT sequence::float8, at::float8, is_start AS "isStart", data
    FROM yurt_history_snapshots WHERE document = ${document}::bigint AND sequence > ${after}::bigint
    ORDER BY sequence LIMIT 1`;
  return row && { kind: "snapshot", snapshot: snapshotOf(row), isStart: row.isStart };
}
