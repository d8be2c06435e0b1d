import * as v from "valibot";
import type { DocumentInfo } from "../storage/store.ts";

/** A time in the form of RFC 3339, in UTC. */
export const time = v.pipe(v.string(), v.isoTimestamp());

/** A document, as the API shows it. */
export const shownDocument = v.pipe(
  v.object({
    name: v.pipe(v.string(), v.description("Not encoded: encode it for a path")),
    bytes: v.pipe(v.number(), v.integer(), v.description("The size in the store, not compacted")),
    updates: v.pipe(v.number(), v.integer(), v.description("The number of updates since the last compaction")),
    sequence: v.pipe(v.number(), v.integer(), v.description("Ascends with every update")),
    createdAt: v.pipe(v.nullable(time), v.description("Null if an early release has created it")),
    updatedAt: v.pipe(v.nullable(time), v.description("The time of the last update")),
    deletedAt: v.pipe(v.nullable(time), v.description("Null for a document that is not deleted")),
  }),
  v.title("Document"),
);

export type ShownDocument = v.InferOutput<typeof shownDocument>;

export function showDocument(info: DocumentInfo): ShownDocument {
  const { bytes, createdAt, deletedAt, name, sequence, tailRows, updatedAt } = info;
  return {
    name,
    bytes,
    updates: tailRows,
    sequence,
    createdAt: showTime(createdAt),
    updatedAt: showTime(updatedAt),
    deletedAt: showTime(deletedAt),
  };
}

/** Null for an unknown time. */
export function showTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
