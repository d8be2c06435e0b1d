import type { Database } from "bun:sqlite";
import type { RowId } from "../../store.ts";

export interface EndpointRow {
  readonly id: string;
  readonly settings: string;
  readonly startsAfter: RowId;
}

export interface MessageRow {
  readonly id: string;
  readonly document: string;
  readonly type: string;
  readonly sequence: RowId;
  readonly body: string;
  readonly attempts: number;
  readonly dueAt: number | null;
  readonly failedAt: number | null;
}

const message = `SELECT message AS id, document, type, sequence, body, attempts, due_at AS dueAt, failed_at AS failedAt
  FROM webhook_messages`;

/** The statements of webhooks, prepared on one connection. */
export type WebhookStatements = ReturnType<typeof prepareWebhookStatements>;

export function prepareWebhookStatements(database: Database) {
  return {
    selectEndpoints: database.prepare<EndpointRow, []>(
      "SELECT id, settings, starts_after AS startsAfter FROM webhooks ORDER BY id",
    ),
    saveEndpoint: database.prepare<void, [id: string, settings: string, startsAfter: RowId]>(
      `INSERT INTO webhooks (id, settings, starts_after) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET settings = excluded.settings`,
    ),
    deleteEndpoint: database.prepare<void, [id: string]>("DELETE FROM webhooks WHERE id = ?"),
    deleteCursors: database.prepare<void, [endpoint: string]>("DELETE FROM webhook_cursors WHERE webhook = ?"),
    deleteMessages: database.prepare<void, [endpoint: string]>("DELETE FROM webhook_messages WHERE webhook = ?"),
    countMessages: database.prepare<{ endpoint: string; count: number }, []>(
      "SELECT webhook AS endpoint, count(*) AS count FROM webhook_messages GROUP BY webhook",
    ),
    insertMessage: database.prepare<
      void,
      [
        endpoint: string,
        document: string,
        message: string,
        type: string,
        sequence: RowId,
        body: string,
        dueAt: number | null,
      ]
    >(
      `INSERT INTO webhook_messages (webhook, document, message, type, sequence, body, attempts, due_at)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
    ),
    updateMessage: database.prepare<
      void,
      [attempts: number, dueAt: number | null, failedAt: number | null, endpoint: string, document: string, id: string]
    >(
      `UPDATE webhook_messages SET attempts = ?, due_at = ?, failed_at = ?
       WHERE webhook = ? AND document = ? AND message = ?`,
    ),
    deleteMessage: database.prepare<void, [endpoint: string, document: string, id: string]>(
      "DELETE FROM webhook_messages WHERE webhook = ? AND document = ? AND message = ?",
    ),
    selectNext: database.prepare<MessageRow, [endpoint: string, document: string]>(
      `${message} WHERE webhook = ? AND document = ? AND due_at IS NOT NULL
       ORDER BY type IS NOT 'doc.updated', webhook_messages.id LIMIT 1`,
    ),
    selectMessage: database.prepare<MessageRow, [endpoint: string, id: string]>(
      `${message} WHERE webhook = ? AND message = ?`,
    ),
    selectMessages: database.prepare<MessageRow, [endpoint: string, limit: number]>(
      `${message} WHERE webhook = ? ORDER BY webhook_messages.id LIMIT ?`,
    ),
    // In JSON the quotes of a name or a user are escaped.
    deleteContents: database.prepare<void, [endpoint: string, document: string]>(
      `DELETE FROM webhook_messages WHERE webhook = ? AND document = ? AND instr(body, '"content":') > 0`,
    ),
    pruneMessages: database.prepare<void, [before: number]>("DELETE FROM webhook_messages WHERE failed_at < ?"),
    selectWaiting: database.prepare<{ name: string }, [endpoint: string, after: string, limit: number]>(
      `SELECT DISTINCT document AS name FROM webhook_messages
       WHERE webhook = ? AND document > ? AND due_at IS NOT NULL ORDER BY document LIMIT ?`,
    ),
    selectCursor: database.prepare<{ sequence: RowId }, [endpoint: string, document: string]>(
      `SELECT coalesce(
         (SELECT sequence FROM webhook_cursors WHERE webhook = ?1 AND document = ?2),
         (SELECT starts_after FROM webhooks WHERE id = ?1)
       ) AS sequence`,
    ),
    setCursor: database.prepare<void, [endpoint: string, document: string, sequence: RowId]>(
      "REPLACE INTO webhook_cursors (webhook, document, sequence) VALUES (?, ?, ?)",
    ),
    moveCursor: database.prepare<void, [sequence: RowId, endpoint: string, document: string]>(
      "UPDATE webhook_cursors SET sequence = max(sequence, ?) WHERE webhook = ? AND document = ?",
    ),
    deleteCursorsOf: database.prepare<void, [document: string]>("DELETE FROM webhook_cursors WHERE document = ?"),
    selectSequences: database.prepare<
      { id: number; name: string; base: RowId | null; lastCompacted: RowId },
      [after: string, limit: number]
    >("SELECT id, name, base, last_update AS lastCompacted FROM documents WHERE name > ? ORDER BY name LIMIT ?"),
    selectUsers: database.prepare<{ user: string }, [document: number, after: RowId, limit: number]>(
      "SELECT DISTINCT user FROM updates WHERE document = ? AND id > ? AND user IS NOT NULL LIMIT ?",
    ),
    countBytes: database.prepare<{ bytes: number }, [document: number, after: RowId, base: RowId | null]>(
      "SELECT total(length(data)) AS bytes FROM updates WHERE document = ? AND id > ? AND id IS NOT ?",
    ),
  };
}
