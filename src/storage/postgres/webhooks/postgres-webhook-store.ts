import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import type { RowId } from "../../store.ts";
import {
  contentTimeOf,
  type DocumentEvent,
  type EventType,
  type LaneState,
  type NamePage,
  type NamesFound,
  type StoredChanges,
  type StoredEndpoint,
  type StoredMessage,
  type WebhookStore,
} from "../../webhook-store.ts";
import type { CallOrder } from "../call-order.ts";
import { lockDocument } from "../documents/document-lock.ts";
import { findDocument } from "../documents/find-document.ts";
import { repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { readOneState, transact } from "../transact.ts";
import {
  addMessage,
  type PresentEvent,
  putCursor,
  readEndpoints,
  readLastRow,
  recordCreated,
  recordEvent,
} from "./record-event.ts";

export interface PostgresWebhookStoreOptions {
  readonly pool: SQL;
  /** The order of the store's calls, which those of its webhooks are part of. */
  readonly order: CallOrder;
  readonly clock: Pick<Clock, "now">;
  /** Called when an event is dropped because an endpoint has too many messages. */
  readonly dropped: () => void;
}

interface MessageRow {
  readonly id: string;
  readonly document: string;
  readonly type: string;
  readonly sequence: RowId;
  readonly body: string;
  readonly attempts: number;
  readonly dueAt: number | null;
  readonly failedAt: number | null;
}

/** The users of one message; further ones are left out. */
const maxUsers = 100;

/** The webhooks in a store's database. */
export class PostgresWebhookStore implements WebhookStore {
  readonly #options: PostgresWebhookStoreOptions;
  #recorded: ((document: string) => void) | undefined;

  constructor(options: PostgresWebhookStoreOptions) {
    this.#options = options;
  }

  /** Adds the messages of an event, in the transaction of the change. `recorded` must be called when it is committed. */
  async recordIn(transaction: SQL, event: DocumentEvent): Promise<void> {
    await recordEvent(this.#present(event), transaction);
  }

  /** Reports that messages about documents may have been added. */
  recorded(documents: readonly string[]): void {
    for (const document of documents) this.#recorded?.(document);
  }

  endpoints(): Promise<readonly StoredEndpoint[]> {
    return this.#read(readEndpoints);
  }

  save({ id, ...settings }: StoredEndpoint): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction`
        INSERT INTO yurt_webhooks (id, settings, starts_after)
        VALUES (${id}, ${JSON.stringify(settings)}, ${await readLastRow(transaction)}::bigint)
        ON CONFLICT (id) DO UPDATE SET settings = excluded.settings`;
    });
  }

  remove(endpoint: string): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction`DELETE FROM yurt_webhooks WHERE id = ${endpoint}`;
      await transaction`DELETE FROM yurt_webhook_cursors WHERE webhook = ${endpoint}`;
      await transaction`DELETE FROM yurt_webhook_messages WHERE webhook = ${endpoint}`;
    });
  }

  whenRecorded(recorded: (document: string) => void): void {
    this.#recorded = recorded;
  }

  async record(event: DocumentEvent): Promise<void> {
    await this.#change(event.document, (transaction) => this.recordIn(transaction, event));
    this.recorded([event.document]);
  }

  async documentsWithMessages(endpoint: string, { after, limit }: NamePage): Promise<NamesFound> {
    return await this.#readMessages(async (transaction) => {
      const found = await transaction<{ readonly document: string }[]>`
        SELECT DISTINCT document FROM yurt_webhook_messages
        WHERE webhook = ${endpoint} AND document > ${after} AND due_at IS NOT NULL ORDER BY document LIMIT ${limit}`;
      const documents = found.map(({ document }) => document);
      return { documents, next: documents.length < limit ? undefined : documents.at(-1) };
    });
  }

  documentsWithChanges(endpoint: string, { after, limit }: NamePage): Promise<NamesFound> {
    return this.#readMessages(async (transaction) => {
      const found = await transaction<{ readonly name: string; readonly isChanged: boolean }[]>`
        SELECT name, greatest(last_update, (SELECT max(id) FROM yurt_updates WHERE document = name)) > coalesce(
            (SELECT sequence FROM yurt_webhook_cursors WHERE webhook = ${endpoint} AND document = name),
            (SELECT starts_after FROM yurt_webhooks WHERE id = ${endpoint}), 0) AS "isChanged"
        FROM yurt_documents WHERE name > ${after} ORDER BY name LIMIT ${limit}`;
      return {
        documents: found.filter(({ isChanged }) => isChanged).map(({ name }) => name),
        next: found.length < limit ? undefined : found.at(-1)?.name,
      };
    });
  }

  lane(endpoint: string, document: string): Promise<LaneState> {
    return this.#readMessages(async (transaction) => {
      const [next] = await transaction<MessageRow[]>`
        SELECT ${messageColumns(transaction)} FROM yurt_webhook_messages
        WHERE webhook = ${endpoint} AND document = ${document} AND due_at IS NOT NULL
        ORDER BY type <> 'doc.updated', yurt_webhook_messages.id LIMIT 1`;
      const [cursor] = await transaction<{ readonly sequence: RowId | null }[]>`
        SELECT coalesce(
          (SELECT sequence FROM yurt_webhook_cursors WHERE webhook = ${endpoint} AND document = ${document}),
          (SELECT starts_after FROM yurt_webhooks WHERE id = ${endpoint}))::float8 AS sequence`;
      return { next: next && messageOf(next), cursor: cursor?.sequence ?? 0 };
    });
  }

  changes(document: string, after: RowId): Promise<StoredChanges | undefined> {
    return this.#read(async (transaction) => {
      const found = await findDocument(document, transaction);
      const [tail] = await transaction<{ readonly last: RowId | null; readonly bytes: number }[]>`
        SELECT max(id)::float8 AS last, coalesce(sum(octet_length(data)) FILTER (WHERE id > ${after}::bigint), 0)::float8
          AS bytes
        FROM yurt_updates WHERE document = ${document}`;
      if (found === undefined || tail === undefined) return undefined;
      const sequence = Math.max(found.lastCompacted, tail.last ?? 0);
      if (sequence <= after) return undefined;
      const users = await transaction<{ readonly user: string }[]>`
        SELECT DISTINCT "user" FROM yurt_updates
        WHERE document = ${document} AND id > ${after}::bigint AND "user" IS NOT NULL LIMIT ${maxUsers}`;
      return { sequence, users: users.map(({ user }) => user), bytes: tail.bytes };
    });
  }

  begin(endpoint: string, message: StoredMessage, cursor: RowId): Promise<boolean> {
    return this.#change(message.document, async (transaction) => {
      await lockDocument(message.document, transaction);
      const [found] = await transaction<{ readonly createdAt: number | null }[]>`
        SELECT created_at::float8 AS "createdAt" FROM yurt_documents WHERE name = ${message.document}`;
      const contentAt = contentTimeOf(message.body);
      const isPurged = found === undefined || (contentAt !== undefined && (found.createdAt ?? 0) > contentAt);
      if (isPurged && contentAt !== undefined) return false;
      // A purge has removed the cursor with the name of the document.
      if (!isPurged) await putCursor(endpoint, { document: message.document, sequence: cursor }, transaction);
      await addMessage(endpoint, message, transaction);
      return true;
    });
  }

  delivered(endpoint: string, message: StoredMessage): Promise<void> {
    return this.#change(message.document, async (transaction) => {
      await transaction`
        DELETE FROM yurt_webhook_messages
        WHERE webhook = ${endpoint} AND document = ${message.document} AND message = ${message.id}`;
      await reported(endpoint, message, transaction);
    });
  }

  failed(endpoint: string, message: StoredMessage): Promise<void> {
    const { attempts, document, dueAt, failedAt, id } = message;
    return this.#change(document, async (transaction) => {
      await transaction`
        UPDATE yurt_webhook_messages
        SET attempts = ${attempts}::int, due_at = ${dueAt ?? null}::bigint, failed_at = ${failedAt ?? null}::bigint
        WHERE webhook = ${endpoint} AND document = ${document} AND message = ${id}`;
      if (dueAt === undefined) await reported(endpoint, message, transaction);
    });
  }

  message(endpoint: string, id: string): Promise<StoredMessage | undefined> {
    return this.#readMessages(async (transaction) => {
      const [found] = await transaction<MessageRow[]>`
        SELECT ${messageColumns(transaction)} FROM yurt_webhook_messages WHERE webhook = ${endpoint} AND message = ${id}`;
      return found && messageOf(found);
    });
  }

  messages(endpoint: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#readMessages(async (transaction) => {
      const found = await transaction<MessageRow[]>`
        SELECT ${messageColumns(transaction)} FROM yurt_webhook_messages WHERE webhook = ${endpoint}
        ORDER BY yurt_webhook_messages.id LIMIT ${limit}`;
      return found.map(messageOf);
    });
  }

  prune(before: number): Promise<void> {
    return this.#write(async (transaction) => {
      await transaction`DELETE FROM yurt_webhook_messages WHERE failed_at < ${before}::bigint`;
    });
  }

  #present(event: DocumentEvent): PresentEvent {
    const { clock, dropped } = this.#options;
    return { ...event, at: clock.now(), dropped };
  }

  /** Runs a task in a transaction, after the calls before it. */
  #read<Result>(task: (transaction: SQL) => Promise<Result>): Promise<Result> {
    return this.#options.order.aboutAll(() => translateErrors(() => readOneState(this.#options.pool, task)));
  }

  /** As `#read`, for a task that reads messages: those of created documents are added before. */
  #readMessages<Result>(task: (transaction: SQL) => Promise<Result>): Promise<Result> {
    return this.#options.order.aboutAll(() => translateErrors(() => repeatWhileBroken(() => this.#transact(task))));
  }

  #write<Result>(task: (transaction: SQL) => Promise<Result>): Promise<Result> {
    return this.#options.order.aboutAll(() => translateErrors(() => this.#transact(task)));
  }

  #change<Result>(document: string, task: (transaction: SQL) => Promise<Result>): Promise<Result> {
    return this.#options.order.about(document, () => translateErrors(() => this.#transact(task)));
  }

  #transact<Result>(task: (transaction: SQL) => Promise<Result>): Promise<Result> {
    const { dropped, pool } = this.#options;
    return transact(pool, async (transaction) => {
      await recordCreated(dropped, transaction);
      return await task(transaction);
    });
  }
}

/** The cursor of a purged document is gone, and stays so. */
async function reported(
  endpoint: string,
  { document, sequence, type }: StoredMessage,
  transaction: SQL,
): Promise<void> {
  if (type !== "doc.updated") return;
  await transaction`
    UPDATE yurt_webhook_cursors SET sequence = greatest(sequence, ${sequence}::bigint)
    WHERE webhook = ${endpoint} AND document = ${document}`;
}

function messageColumns(sql: SQL) {
  return sql`message AS id, document, type, sequence::float8, body, attempts, due_at::float8 AS "dueAt",
    failed_at::float8 AS "failedAt"`;
}

function messageOf({ dueAt, failedAt, type, ...row }: MessageRow): StoredMessage {
  // The column holds the types that were inserted.
  return { ...row, type: type as EventType, dueAt: dueAt ?? undefined, failedAt: failedAt ?? undefined };
}
