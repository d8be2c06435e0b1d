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
  VersionPage,
} from "../../history/history-store.ts";
import type { RowId } from "../../store.ts";
import type { Connection } from "../connection.ts";
import type { DocumentRow } from "../statements.ts";
import type { SegmentRow, SnapshotRow, VersionRow } from "./history-statements.ts";
import { readMoment } from "./read-moment.ts";
import { originatedTail, readProgress } from "./read-tail.ts";
import { deleteHistory, shortenHistory } from "./write-history.ts";

/** How the store lets its history read and write. Both run after the calls before them, and reject with `StoreError`. */
export interface HistoryAccess {
  read<Result>(task: (connection: Connection) => Result): Promise<Result>;
  /** Runs the task in a transaction, which writes so many bytes. */
  change<Result>(task: (connection: Connection) => Result, bytes?: number): Promise<Result>;
}

const versionsInPage = 500;

const noExtent: HistoryExtent = { first: undefined, segments: 0, snapshots: 0, bytes: 0 };

/** The history of the documents of a `SqliteStore`. */
export class SqliteHistory implements HistoryStore {
  readonly #access: HistoryAccess;

  constructor(access: HistoryAccess) {
    this.#access = access;
  }

  async progress(document: string): Promise<HistoryProgress | undefined> {
    return this.#access.read((connection) => {
      const found = connection.statements.findDocument.get(document);
      return found === null ? undefined : readProgress(found, connection);
    });
  }

  async moment(document: string, moment: Moment): Promise<StoredMoment | undefined> {
    return this.#readPresent(document, (found, connection) => readMoment(found, moment, connection));
  }

  async activity(document: string, range: { readonly from: number; readonly to: number }): Promise<StoredActivity> {
    const activity = await this.#readPresent(document, (found, connection) => ({
      segments: connection.statements.history.segmentsBetween.all(found.id, range.from, range.to),
      tail: originatedTail(found, connection),
    }));
    return activity ?? { segments: [], tail: [] };
  }

  async extent(document: string): Promise<HistoryExtent> {
    const extent = await this.#readPresent(document, ({ id }, { statements: { history } }) => {
      const segments = history.segmentBytesAfter.get(id, 0);
      const snapshots = history.snapshotBytes.get(id);
      return {
        first: history.firstSnapshot.get(id) ?? undefined,
        segments: segments?.count ?? 0,
        snapshots: snapshots?.count ?? 0,
        bytes: (segments?.bytes ?? 0) + (snapshots?.bytes ?? 0),
      };
    });
    return extent ?? noExtent;
  }

  async versions(document: string, { before, limit }: VersionPage): Promise<readonly StoredVersion[]> {
    const { sequence, number } = before ?? { sequence: Number.MAX_SAFE_INTEGER, number: 0 };
    const versions = await this.#readPresent(document, ({ id }, { statements: { history } }) =>
      history.selectVersions.all(id, sequence, number, limit).map(versionOf),
    );
    return versions ?? [];
  }

  async version(
    document: string,
    { sequence, number }: Pick<StoredVersion, "sequence" | "number">,
  ): Promise<StoredVersion | undefined> {
    return this.#readPresent(document, ({ id }, { statements: { history } }) => {
      const found = history.selectVersion.get(id, sequence, number);
      return found === null ? undefined : versionOf(found);
    });
  }

  async countNamed(document: string): Promise<number> {
    const count = await this.#readPresent(
      document,
      ({ id }, { statements: { history } }) => history.countNamed.get(id)?.count,
    );
    return count ?? 0;
  }

  async addVersion(document: string, version: Omit<StoredVersion, "number">): Promise<StoredVersion | undefined> {
    return this.#changePresent(document, ({ id }, connection) => {
      const last = connection.statements.history.lastNumber.get(id, version.sequence)?.number ?? 0;
      const added = { ...version, number: last + 1 };
      putVersion(id, added, connection);
      const { createdBy, name, sequence } = added;
      connection.webhooks.record({
        type: "version.created",
        document,
        sequence: connection.rowIds.last,
        data: { sequence, name, user: createdBy },
      });
      return added;
    });
  }

  async putVersion(document: string, version: StoredVersion): Promise<boolean> {
    const isPut = await this.#changePresent(document, ({ id }, connection) => {
      putVersion(id, version, connection);
      return true;
    });
    return isPut ?? false;
  }

  async deleteVersion(
    document: string,
    { sequence, number }: Pick<StoredVersion, "sequence" | "number">,
  ): Promise<boolean> {
    const isDeleted = await this.#changePresent(
      document,
      ({ id }, { statements: { history } }) => history.deleteVersion.run(id, sequence, number).changes > 0,
    );
    return isDeleted ?? false;
  }

  async deleteAutomatic(document: string, sequences: readonly RowId[]): Promise<void> {
    await this.#changePresent(document, ({ id }, { statements: { history } }) => {
      for (const sequence of sequences) history.deleteAutomatic.run(id, sequence);
    });
  }

  async expired(document: string, before: number, isInclusive = false): Promise<ExpiredHistory | undefined> {
    return this.#access.read(({ statements: { findDocument, history } }) => {
      const found = findDocument.get(document);
      const last =
        found === null
          ? null
          : (isInclusive ? history.lastSegmentBegunBefore : history.lastSegmentBefore).get(found.id, before);
      if (found === null || last === null) return undefined;
      return { last, isAll: history.lastSegment.get(found.id)?.sequence === last.sequence };
    });
  }

  async shorten(document: string, snapshot: HistorySnapshot): Promise<void> {
    await this.#access.change(({ statements: { findDocument, history } }) => {
      const found = findDocument.get(document);
      if (found !== null) shortenHistory(found.id, snapshot, history);
    }, snapshot.data.byteLength);
  }

  async erase(document: string, until?: RowId): Promise<void> {
    await this.#access.change(({ statements: { findDocument, history } }) => {
      const found = findDocument.get(document);
      if (found === null) return;
      const isAsked = until === undefined || history.lastSegment.get(found.id)?.sequence === until;
      if (isAsked) deleteHistory(found.id, history, until);
    });
  }

  async *parts(document: string): AsyncGenerator<HistoryPart> {
    const next = (after: RowId, kind: "nextSegment" | "nextSnapshot") =>
      this.#readPresent(document, ({ id }, { statements: { history } }) => partIn(history[kind].get(id, after)));
    for (const kind of ["nextSegment", "nextSnapshot"] as const) {
      for (let part = await next(-1, kind); part !== undefined; part = await next(sequenceOf(part), kind)) yield part;
    }
    let before: StoredVersion | undefined;
    do {
      const page = await this.versions(document, { before, limit: versionsInPage });
      for (const version of page) yield { kind: "version", version };
      before = page.at(-1);
    } while (before !== undefined);
  }

  async expectParts(until: RowId): Promise<void> {
    await this.#access.read(({ rowIds }) => rowIds.skipTo(until + 1));
  }

  async addPart(document: string, part: HistoryPart, createdAt?: number): Promise<void> {
    await this.#access.change((connection) => {
      const found = connection.statements.selectInfo.get(document);
      const isMeant = createdAt === undefined || found?.createdAt === createdAt;
      if (found?.deletedAt === null && isMeant) putPart(found.id, part, connection);
    }, bytesOfPart(part));
  }

  async endedBefore(before: number, after: EndedSegment | undefined, limit: number): Promise<readonly EndedSegment[]> {
    return this.#access.read(({ statements: { history } }) =>
      history.ended.all(after?.endedAt ?? -1, after?.document ?? 0, before, limit),
    );
  }

  #readPresent<Result>(
    document: string,
    read: (found: DocumentRow, connection: Connection) => Result,
  ): Promise<Result | undefined> {
    return this.#access.read((connection) => ifPresent(document, read, connection));
  }

  #changePresent<Result>(
    document: string,
    change: (found: DocumentRow, connection: Connection) => Result,
  ): Promise<Result | undefined> {
    return this.#access.change((connection) => ifPresent(document, change, connection));
  }
}

/** Runs `task` with a document that exists and is not deleted. */
function ifPresent<Result>(
  document: string,
  task: (found: DocumentRow, connection: Connection) => Result,
  connection: Connection,
): Result | undefined {
  const found = connection.statements.findDocument.get(document);
  return found === null || found.deletedAt !== null ? undefined : task(found, connection);
}

function putPart(document: number, part: HistoryPart, connection: Connection): void {
  const { history } = connection.statements;
  switch (part.kind) {
    case "segment": {
      const { last, startedAt, endedAt, users, marks, data } = part.segment;
      history.putSegment.run(document, last, startedAt, endedAt, JSON.stringify(users), marks, data);
      return;
    }
    case "snapshot": {
      const { at, data, sequence } = part.snapshot;
      history.insertSnapshot.run(document, sequence, at, part.isStart ? 1 : 0, data);
      return;
    }
    case "version":
      putVersion(document, part.version, connection);
  }
}

function partIn(row: SegmentRow | (SnapshotRow & { readonly isStart: number }) | null): HistoryPart | undefined {
  if (row === null) return undefined;
  if ("last" in row) return { kind: "segment", segment: { ...row, users: JSON.parse(row.users) } };
  const { isStart, ...snapshot } = row;
  return { kind: "snapshot", snapshot, isStart: isStart === 1 };
}

function bytesOfPart(part: HistoryPart): number {
  if (part.kind === "segment") return part.segment.marks.byteLength + part.segment.data.byteLength;
  return part.kind === "snapshot" ? part.snapshot.data.byteLength : 0;
}

function putVersion(
  document: number,
  { sequence, number, at, name, users, createdBy }: StoredVersion,
  { statements: { history } }: Connection,
): void {
  history.insertVersion.run(document, sequence, number, at, name ?? null, JSON.stringify(users), createdBy ?? null);
}

function versionOf({ name, users, createdBy, ...version }: VersionRow): StoredVersion {
  return { ...version, name: name ?? undefined, users: JSON.parse(users), createdBy: createdBy ?? undefined };
}
