import type { RowId } from "../storage/store.ts";
import { messageBody, type StoredChanges, type StoredMessage } from "../storage/webhook-store.ts";
import type { IncludedContent } from "./included-content.ts";

/** The updates of a document that an endpoint has not been told of. */
export interface UnreportedChanges extends StoredChanges {
  /** The row of the first one, or an earlier row. */
  readonly first: RowId;
}

/** The users of one message; further ones are left out. */
const maxUsers = 100;

/** The sum of changes that follow each other, or overlap. */
export function joined(one: UnreportedChanges | undefined, other: UnreportedChanges | undefined) {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    first: Math.min(one.first, other.first),
    sequence: Math.max(one.sequence, other.sequence),
    users: [...new Set([...one.users, ...other.users])].slice(0, maxUsers),
    bytes: one.bytes + other.bytes,
  };
}

/** The changes up to a row, and those after it, whose size is not known apart. */
export function splitAt(
  changes: UnreportedChanges,
  row: RowId,
): { readonly reported: UnreportedChanges; readonly rest: UnreportedChanges | undefined } {
  if (changes.sequence <= row) return { reported: changes, rest: undefined };
  return { reported: { ...changes, sequence: row }, rest: { ...changes, first: row + 1, bytes: 0 } };
}

export interface UpdateMessage extends Pick<StoredMessage, "document" | "id"> {
  readonly changes: UnreportedChanges;
  /** Updates up to this row have been reported. */
  readonly cursor: RowId;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Undefined for an endpoint that is told without it. */
  readonly content: IncludedContent | undefined;
}

/** The message that reports changes. */
export function updateMessage({ at, changes, content, cursor, document, id }: UpdateMessage): StoredMessage {
  const { bytes, sequence, users } = changes;
  return {
    id,
    document,
    type: "doc.updated",
    sequence,
    body: messageBody("doc.updated", at, { document, fromSequence: cursor, sequence, users, bytes, ...content }),
    attempts: 0,
    dueAt: at,
    failedAt: undefined,
  };
}
