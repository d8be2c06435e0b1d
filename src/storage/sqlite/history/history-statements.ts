import type { Database } from "bun:sqlite";
import type { RowId } from "../../store.ts";

export interface SegmentRow {
  readonly last: RowId;
  readonly startedAt: number;
  readonly endedAt: number;
  /** JSON. */
  readonly users: string;
  readonly marks: Uint8Array;
  readonly data: Uint8Array;
}

export interface SnapshotRow {
  readonly sequence: RowId;
  readonly at: number;
  readonly data: Uint8Array;
}

export interface VersionRow {
  readonly sequence: RowId;
  readonly number: number;
  readonly at: number;
  readonly name: string | null;
  /** JSON. */
  readonly users: string;
  readonly createdBy: string | null;
}

export interface ExtentRow {
  readonly count: number;
  readonly bytes: number;
}

type Time = { readonly sequence: RowId; readonly at: number };

export type SegmentParameters = [
  document: number,
  last: RowId,
  startedAt: number,
  endedAt: number,
  users: string,
  marks: Uint8Array,
  data: Uint8Array,
];

/** The values of a version, with its document. */
export type VersionParameters = [
  document: number,
  sequence: RowId,
  number: number,
  at: number,
  name: string | null,
  users: string,
  createdBy: string | null,
];

const segment = "last, started_at AS startedAt, ended_at AS endedAt, users, marks, data";
const version = "sequence, number, at, name, users, created_by AS createdBy";

export type HistoryStatements = ReturnType<typeof prepareHistoryStatements>;

/** The statements of the tables `history_segments`, `history_snapshots` and `versions`. */
export function prepareHistoryStatements(database: Database) {
  return {
    setEnd: database.prepare<void, [end: RowId | null, document: number]>(
      "UPDATE documents SET history_end = ? WHERE id = ?",
    ),
    insertSegment: database.prepare<void, SegmentParameters>(
      "INSERT INTO history_segments VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    insertSnapshot: database.prepare<
      void,
      [document: number, sequence: RowId, at: number, isStart: number, data: Uint8Array]
    >("REPLACE INTO history_snapshots VALUES (?, ?, ?, ?, ?)"),
    putSegment: database.prepare<void, SegmentParameters>("REPLACE INTO history_segments VALUES (?, ?, ?, ?, ?, ?, ?)"),
    nextSegment: database.prepare<SegmentRow, [document: number, after: RowId]>(
      `SELECT ${segment} FROM history_segments WHERE document = ? AND last > ? ORDER BY last LIMIT 1`,
    ),
    nextSnapshot: database.prepare<SnapshotRow & { readonly isStart: number }, [document: number, after: RowId]>(
      `SELECT sequence, at, is_start AS isStart, data FROM history_snapshots WHERE document = ? AND sequence > ?
       ORDER BY sequence LIMIT 1`,
    ),
    deleteSegments: database.prepare<void, [document: number, last: RowId]>(
      "DELETE FROM history_segments WHERE document = ? AND last <= ?",
    ),
    deleteSnapshots: database.prepare<void, [document: number, before: RowId]>(
      "DELETE FROM history_snapshots WHERE document = ? AND sequence < ?",
    ),
    deleteVersions: database.prepare<void, [document: number, before: RowId]>(
      "DELETE FROM versions WHERE document = ? AND sequence < ?",
    ),
    lastSnapshot: database.prepare<{ sequence: RowId; bytes: number }, [document: number]>(
      `SELECT sequence, length(data) AS bytes FROM history_snapshots WHERE document = ? ORDER BY sequence DESC LIMIT 1`,
    ),
    firstSnapshot: database.prepare<Time, [document: number]>(
      "SELECT sequence, at FROM history_snapshots WHERE document = ? ORDER BY sequence LIMIT 1",
    ),
    snapshotAt: database.prepare<SnapshotRow, [document: number, sequence: RowId]>(
      `SELECT sequence, at, data FROM history_snapshots WHERE document = ? AND sequence <= ?
       ORDER BY sequence DESC LIMIT 1`,
    ),
    snapshotAtTime: database.prepare<SnapshotRow, [document: number, at: number]>(
      "SELECT sequence, at, data FROM history_snapshots WHERE document = ? AND at <= ? ORDER BY sequence DESC LIMIT 1",
    ),
    nextStart: database.prepare<{ sequence: RowId }, [document: number, after: RowId]>(
      `SELECT sequence FROM history_snapshots WHERE document = ? AND sequence > ? AND is_start = 1
       ORDER BY sequence LIMIT 1`,
    ),
    /** Segments in order, from after one row until the one that contains another. */
    segmentsUntil: database.prepare<SegmentRow, [document: number, after: RowId, until: RowId, end: RowId]>(
      `SELECT ${segment} FROM history_segments WHERE document = ?1 AND last > ?2 AND last <= min(?4, coalesce(
         (SELECT min(last) FROM history_segments WHERE document = ?1 AND last >= ?3), ?4)) ORDER BY last`,
    ),
    segmentsUntilTime: database.prepare<SegmentRow, [document: number, after: RowId, until: number, end: RowId]>(
      `SELECT ${segment} FROM history_segments WHERE document = ? AND last > ? AND started_at <= ? AND last <= ?
       ORDER BY last`,
    ),
    segmentsBetween: database.prepare<
      Pick<SegmentRow, "last" | "startedAt" | "endedAt" | "marks">,
      [document: number, from: number, to: number]
    >(
      `SELECT last, started_at AS startedAt, ended_at AS endedAt, marks FROM history_segments
       WHERE document = ? AND ended_at >= ? AND started_at <= ? ORDER BY last`,
    ),
    lastSegment: database.prepare<Time, [document: number]>(
      "SELECT last AS sequence, ended_at AS at FROM history_segments WHERE document = ? ORDER BY last DESC LIMIT 1",
    ),
    lastSegmentBefore: database.prepare<Time, [document: number, before: number]>(
      `SELECT last AS sequence, ended_at AS at FROM history_segments WHERE document = ? AND ended_at < ?
       ORDER BY last DESC LIMIT 1`,
    ),
    lastSegmentBegunBefore: database.prepare<Time, [document: number, before: number]>(
      `SELECT last AS sequence, ended_at AS at FROM history_segments WHERE document = ? AND started_at < ?
       ORDER BY last DESC LIMIT 1`,
    ),
    segmentBytesAfter: database.prepare<ExtentRow, [document: number, after: RowId]>(
      `SELECT count(*) AS count, total(length(marks) + length(data)) AS bytes FROM history_segments
       WHERE document = ? AND last > ?`,
    ),
    snapshotBytes: database.prepare<ExtentRow, [document: number]>(
      "SELECT count(*) AS count, total(length(data)) AS bytes FROM history_snapshots WHERE document = ?",
    ),
    usersAfter: database.prepare<{ users: string }, [document: number, after: RowId]>(
      "SELECT users FROM history_segments WHERE document = ? AND last > ? ORDER BY last",
    ),
    ended: database.prepare<
      { endedAt: number; document: number; name: string },
      [endedAt: number, document: number, before: number, limit: number]
    >(
      `SELECT ended_at AS endedAt, document, name FROM history_segments JOIN documents ON documents.id = document
       WHERE (ended_at, document) > (?, ?) AND ended_at < ? ORDER BY ended_at, document LIMIT ?`,
    ),
    insertVersion: database.prepare<void, VersionParameters>("REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)"),
    selectVersion: database.prepare<VersionRow, [document: number, sequence: RowId, number: number]>(
      `SELECT ${version} FROM versions WHERE document = ? AND sequence = ? AND number = ?`,
    ),
    selectVersions: database.prepare<
      VersionRow,
      [document: number, beforeSequence: RowId, beforeNumber: number, limit: number]
    >(
      `SELECT ${version} FROM versions WHERE document = ? AND (sequence, number) < (?, ?)
       ORDER BY sequence DESC, number DESC LIMIT ?`,
    ),
    countNamed: database.prepare<{ count: number }, [document: number]>(
      "SELECT count(*) AS count FROM versions WHERE document = ? AND name IS NOT NULL",
    ),
    lastNumber: database.prepare<{ number: number | null }, [document: number, sequence: RowId]>(
      "SELECT max(number) AS number FROM versions WHERE document = ? AND sequence = ?",
    ),
    lastVersionUntil: database.prepare<Time, [document: number, until: RowId]>(
      "SELECT sequence, at FROM versions WHERE document = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1",
    ),
    versionsAfter: database.prepare<{ sequence: RowId }, [document: number, after: RowId]>(
      "SELECT DISTINCT sequence FROM versions WHERE document = ? AND sequence > ? ORDER BY sequence",
    ),
    deleteVersion: database.prepare<void, [document: number, sequence: RowId, number: number]>(
      "DELETE FROM versions WHERE document = ? AND sequence = ? AND number = ?",
    ),
    deleteAutomatic: database.prepare<void, [document: number, sequence: RowId]>(
      "DELETE FROM versions WHERE document = ? AND sequence = ? AND number = 0 AND name IS NULL",
    ),
    originsOf: database.prepare<
      { row: RowId; at: number | null; user: string | null },
      [document: number, base: RowId | null]
    >(`SELECT id AS "row", at, user FROM updates WHERE document = ? AND id IS NOT ? ORDER BY id`),
    originatedOf: database.prepare<
      { row: RowId; at: number | null; user: string | null; update: Uint8Array },
      [document: number, base: RowId | null]
    >(`SELECT id AS "row", at, user, data AS "update" FROM updates WHERE document = ? AND id IS NOT ? ORDER BY id`),
    baseOf: database.prepare<{ update: Uint8Array }, [document: number, base: RowId]>(
      `SELECT data AS "update" FROM updates WHERE document = ? AND id = ?`,
    ),
  };
}
