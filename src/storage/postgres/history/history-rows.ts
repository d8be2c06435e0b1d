import type { HistorySegment, HistorySnapshot, SegmentMarks, StoredVersion } from "../../history/history-store.ts";
import { bytesOf } from "../documents/bytes-of.ts";

export interface SegmentRow {
  readonly last: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** JSON. */
  readonly users: string;
  readonly marks: Uint8Array;
  readonly data: Uint8Array;
}

export interface SnapshotRow {
  readonly sequence: number;
  readonly at: number;
  readonly data: Uint8Array;
}

export interface VersionRow {
  readonly sequence: number;
  readonly number: number;
  readonly at: number;
  readonly name: string | null;
  /** JSON. */
  readonly users: string;
  readonly createdBy: string | null;
}

export function segmentOf({ last, startedAt, endedAt, users, marks, data }: SegmentRow): HistorySegment {
  return { last, startedAt, endedAt, users: JSON.parse(users), marks: bytesOf(marks), data: bytesOf(data) };
}

export function marksOf({ last, startedAt, endedAt, marks }: Omit<SegmentRow, "users" | "data">): SegmentMarks {
  return { last, startedAt, endedAt, marks: bytesOf(marks) };
}

export function snapshotOf({ sequence, at, data }: SnapshotRow): HistorySnapshot {
  return { sequence, at, data: bytesOf(data) };
}

export function versionOf({ sequence, number, at, name, users, createdBy }: VersionRow): StoredVersion {
  return { sequence, number, at, name: name ?? undefined, users: JSON.parse(users), createdBy: createdBy ?? undefined };
}
