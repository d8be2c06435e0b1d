import type { PendingUpdate } from "../../store.ts";

/** The updates of one append, as the columns of one statement. */
export interface PackedBatch {
  /** The updates as their caller has given them: a retry has the same objects. Empty if there is no retry. */
  readonly updates: readonly PendingUpdate[];
  readonly documents: readonly string[];
  readonly users: readonly (string | null)[];
  /** The updates, one after the other. */
  readonly bytes: Uint8Array;
  /** Where each begins in `bytes`, from 1. */
  readonly starts: readonly number[];
  readonly lengths: readonly number[];
  /** The time of the append, in epoch milliseconds. */
  readonly at: number;
}

/** Copies the updates: their bytes may change as soon as this returns. */
export function packBatch(batch: readonly PendingUpdate[], at: number): PackedBatch {
  const updates = [...batch];
  const bytes = new Uint8Array(updates.reduce((sum, { update }) => sum + update.byteLength, 0));
  const starts: number[] = [];
  let end = 0;
  for (const { update } of updates) {
    starts.push(end + 1);
    bytes.set(update, end);
    end += update.byteLength;
  }
  return {
    updates,
    documents: updates.map(({ document }) => document),
    users: updates.map(({ user }) => user ?? null),
    bytes,
    starts,
    lengths: updates.map(({ update }) => update.byteLength),
    at,
  };
}

/** A batch whose caller does not repeat it: what the updates refer to, such as rooms and connections, can be freed. */
export function withoutCaller(batch: PackedBatch): PackedBatch {
  return { ...batch, updates: [] };
}

/** A batch without its first updates. */
export function dropFirst(batch: PackedBatch, count: number): PackedBatch {
  if (count === 0) return batch;
  const { documents, lengths, starts, updates, users } = batch;
  return {
    ...batch,
    updates: updates.slice(count),
    documents: documents.slice(count),
    users: users.slice(count),
    starts: starts.slice(count),
    lengths: lengths.slice(count),
  };
}
