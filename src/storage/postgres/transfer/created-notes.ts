import { createHash } from "node:crypto";
import type { SQL } from "bun";
import { matchesRoom } from "../../../auth/room-pattern.ts";
import type { Row } from "../../transfer/tables.ts";
import { isSubscribed, messageBody } from "../../webhook-store.ts";
import { readEndpoints } from "../webhooks/record-event.ts";

/** A document that an append has created, and of which webhooks have no messages yet: see `recordCreated`. */
interface Note {
  readonly id: number;
  readonly document: string;
  readonly sequence: number;
  readonly at: number;
}

/** The cursors that the notes stand for, and the documents of all notes. */
export async function cursorsOfNotes(
  sql: SQL,
): Promise<{ readonly documents: ReadonlySet<string>; readonly cursors: readonly Row[] }> {
  const cursors: Row[] = [];
  for (const { document, endpoint, sequence } of await subscribed("doc.updated", sql))
    cursors.push({ webhook: endpoint, document, sequence });
  return { documents: new Set(cursors.map(({ document }) => String(document))), cursors };
}

/** The messages that the notes stand for. Their ids are the same whenever they are read. */
export async function messagesOfNotes(sql: SQL): Promise<readonly Row[]> {
  return (await subscribed("doc.created", sql)).map(({ at, document, endpoint, id, sequence }) => ({
    webhook: endpoint,
    document,
    message: `msg_${createHash("sha256").update(`${endpoint} ${id} ${document}`).digest("hex").slice(0, 32)}`,
    type: "doc.created",
    sequence,
    body: messageBody("doc.created", at, { document }),
    attempts: 0,
    due_at: at,
    failed_at: null,
  }));
}

async function subscribed(
  type: "doc.created" | "doc.updated",
  sql: SQL,
): Promise<readonly (Note & { readonly endpoint: string })[]> {
  const notes = await sql<Note[]>`
    SELECT id::float8, document, sequence::float8, at::float8 FROM yurt_created_documents ORDER BY yurt_created_documents.id`;
  const endpoints = await readEndpoints(sql);
  return notes.flatMap((note) =>
    endpoints
      .filter((endpoint) => isSubscribed(endpoint, { type, document: note.document }, matchesRoom))
      .map(({ id }) => ({ ...note, endpoint: id })),
  );
}
