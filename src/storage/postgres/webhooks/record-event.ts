import type { SQL } from "bun";
import { matchesRoom } from "../../../auth/room-pattern.ts";
import type { RowId } from "../../store.ts";
import {
  type DocumentEvent,
  isSubscribed,
  messageBody,
  newMessageId,
  type StoredEndpoint,
  type StoredMessage,
} from "../../webhook-store.ts";

/** The most messages of one endpoint. Further events are dropped until some are delivered; updates are not. */
const maxMessages = 100_000;

/** An event, where it belongs in the order of the updates, and its time in epoch milliseconds. */
interface PlacedEvent extends DocumentEvent {
  /** As `StoredMessage.sequence`. */
  readonly sequence: RowId;
  readonly at: number;
}

/** An event that happens now. */
export interface PresentEvent extends Omit<PlacedEvent, "sequence"> {
  /** Called when the event is dropped because an endpoint has too many messages. */
  readonly dropped: () => void;
}

// All functions of this file are called in a transaction, those that record in the one of the change.

export async function readEndpoints(sql: SQL): Promise<readonly StoredEndpoint[]> {
  const rows = await sql<{ readonly id: string; readonly settings: string }[]>`
    SELECT id, settings FROM yurt_webhooks ORDER BY id`;
  // Only `PostgresWebhookStore` writes them.
  return rows.map(({ id, settings }) => ({ ...(JSON.parse(settings) as Omit<StoredEndpoint, "id">), id }));
}

/** The row of the last update of any document. A plain SELECT finds nothing while the sequence is altered. */
export async function readLastRow(sql: SQL): Promise<RowId> {
  const [last] = await sql<{ readonly row: RowId }[]>`
    SELECT coalesce(pg_sequence_last_value('yurt_rows'), 0)::float8 AS row`;
  return last?.row ?? 0;
}

/** Adds a message for each endpoint that subscribes to the event, behind those of documents that were created before. */
export async function recordEvent({ dropped, ...event }: PresentEvent, transaction: SQL): Promise<void> {
  await recordCreated(dropped, transaction);
  const endpoints = await readEndpoints(transaction);
  if (endpoints.length === 0) return;
  const sequence = await readLastRow(transaction);
  for (const endpoint of endpoints) await addEvent(endpoint, { ...event, sequence }, { dropped, transaction });
}

/**
 * Adds the messages of documents that appends have created. An append is one statement, which cannot match patterns: it
 * leaves a note.
 */
export async function recordCreated(dropped: () => void, transaction: SQL): Promise<void> {
  const created = await transaction<{ readonly document: string; readonly sequence: RowId; readonly at: number }[]>`
    WITH noted AS (DELETE FROM yurt_created_documents RETURNING *)
    SELECT document, sequence::float8, at::float8 FROM noted ORDER BY id`;
  if (created.length === 0) return;
  const endpoints = await readEndpoints(transaction);
  for (const event of created) {
    for (const endpoint of endpoints) {
      // The cursor of a new document: none of its updates comes before the event.
      if (isSubscribed(endpoint, { type: "doc.updated", document: event.document }, matchesRoom))
        await putCursor(endpoint.id, event, transaction);
      await addEvent(endpoint, { ...event, type: "doc.created" }, { dropped, transaction });
    }
  }
}

async function addEvent(
  endpoint: StoredEndpoint,
  { type, document, data, sequence, at }: PlacedEvent,
  { dropped, transaction }: { readonly dropped: () => void; readonly transaction: SQL },
): Promise<void> {
  if (!isSubscribed(endpoint, { type, document }, matchesRoom)) return;
  if (await isFull(endpoint.id, transaction)) {
    dropped();
    return;
  }
  const body = messageBody(type, at, { document, ...data });
  const message = { id: newMessageId(), document, type, sequence, body, attempts: 0, dueAt: at, failedAt: undefined };
  await addMessage(endpoint.id, message, transaction);
}

async function isFull(endpoint: string, transaction: SQL): Promise<boolean> {
  const beyond = await transaction<{ readonly id: string }[]>`
    SELECT id FROM yurt_webhook_messages WHERE webhook = ${endpoint} OFFSET ${maxMessages - 1} LIMIT 1`;
  return beyond.length > 0;
}

/** Adds a message before its first attempt. */
export async function addMessage(
  endpoint: string,
  { id, document, type, sequence, body, dueAt }: StoredMessage,
  transaction: SQL,
): Promise<void> {
  await transaction`
    INSERT INTO yurt_webhook_messages (webhook, document, message, type, sequence, body, attempts, due_at)
    VALUES (${endpoint}, ${document}, ${id}, ${type}, ${sequence}::bigint, ${body}, 0, ${dueAt ?? null}::bigint)`;
}

/** Sets the row up to which an endpoint has been told of a document's updates. */
export async function putCursor(
  endpoint: string,
  { document, sequence }: Pick<StoredMessage, "document" | "sequence">,
  transaction: SQL,
): Promise<void> {
  await transaction`
    INSERT INTO yurt_webhook_cursors (webhook, document, sequence) VALUES (${endpoint}, ${document}, ${sequence}::bigint)
    ON CONFLICT (webhook, document) DO UPDATE SET sequence = excluded.sequence`;
}

/** Removes what is left to tell of a document that is purged, its events excepted. */
export async function forgetContents(document: string, transaction: SQL): Promise<void> {
  // In JSON the quotes of a name or a user are escaped. By endpoint the messages are found by the index.
  await transaction`
    DELETE FROM yurt_webhook_messages WHERE webhook IN (SELECT id FROM yurt_webhooks) AND document = ${document}
      AND position('"content":' IN body) > 0`;
  await transaction`DELETE FROM yurt_webhook_cursors WHERE document = ${document}`;
}
