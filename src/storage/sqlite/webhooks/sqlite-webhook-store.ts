import type { Clock } from "../../../lib/time/clock.ts";
import type { RowId } from "../../store.ts";
import {
  contentTimeOf,
  type DocumentEvent,
  type LaneState,
  type NamePage,
  type NamesFound,
  type StoredChanges,
  type StoredEndpoint,
  type StoredMessage,
  type WebhookStore,
} from "../../webhook-store.ts";
import type { Connection } from "../connection.ts";
import type { DocumentRow } from "../statements.ts";
import { messageOf, type RecordListener } from "./webhook-rows.ts";

/** The database of a store. */
export interface SharedDatabase {
  /** Both reject with `StoreError`. */
  read<Result>(task: (connection: Connection) => Result): Promise<Result>;
  /** Runs `task` in a transaction. */
  write<Result>(task: (connection: Connection) => Result): Promise<Result>;
}

export interface SqliteWebhookStoreOptions {
  readonly database: SharedDatabase;
  readonly clock: Pick<Clock, "now" | "afterTurn">;
  readonly dropped: () => void;
}

/** The users of one message; further ones are left out. */
const maxUsers = 100;

/** The webhooks in a store's database. */
export class SqliteWebhookStore implements WebhookStore, RecordListener {
  readonly #options: SqliteWebhookStoreOptions;
  readonly #database: SharedDatabase;
  #recorded: ((document: string) => void) | undefined;

  constructor(options: SqliteWebhookStoreOptions) {
    this.#options = options;
    this.#database = options.database;
  }

  endpoints(): Promise<readonly StoredEndpoint[]> {
    return this.#database.read(({ webhooks }) => webhooks.endpoints);
  }

  save(endpoint: StoredEndpoint): Promise<void> {
    return this.#database.write(({ rowIds, webhooks }) => webhooks.save(endpoint, rowIds.last));
  }

  remove(endpoint: string): Promise<void> {
    return this.#database.write(({ webhooks }) => webhooks.remove(endpoint));
  }

  whenRecorded(recorded: (document: string) => void): void {
    this.#recorded = recorded;
  }

  record(event: DocumentEvent): Promise<void> {
    return this.#database.write(({ rowIds, webhooks }) => webhooks.record({ ...event, sequence: rowIds.last }));
  }

  now(): number {
    return this.#options.clock.now();
  }

  /** By the end of the turn the transaction is committed, or was rolled back. */
  recorded(document: string): void {
    const { clock } = this.#options;
    if (this.#recorded !== undefined) clock.afterTurn(() => this.#recorded?.(document));
  }

  dropped(): void {
    this.#options.dropped();
  }

  documentsWithMessages(endpoint: string, { after, limit }: NamePage): Promise<NamesFound> {
    return this.#database.read(({ webhooks }) => {
      const documents = webhooks.statements.selectWaiting.all(endpoint, after, limit).map(({ name }) => name);
      return { documents, next: documents.length < limit ? undefined : documents.at(-1) };
    });
  }

  documentsWithChanges(endpoint: string, { after, limit }: NamePage): Promise<NamesFound> {
    return this.#database.read((connection) => {
      const found = connection.webhooks.statements.selectSequences.all(after, limit);
      const documents = found
        .filter((document) => sequenceOf(document, connection) > cursorOf(connection, endpoint, document.name))
        .map(({ name }) => name);
      return { documents, next: found.length < limit ? undefined : found.at(-1)?.name };
    });
  }

  lane(endpoint: string, document: string): Promise<LaneState> {
    return this.#database.read((connection) => {
      const found = connection.webhooks.statements.selectNext.get(endpoint, document);
      return {
        next: found === null ? undefined : messageOf(found),
        cursor: cursorOf(connection, endpoint, document),
      };
    });
  }

  changes(name: string, after: RowId): Promise<StoredChanges | undefined> {
    return this.#database.read((connection) => {
      const { journal, statements, webhooks } = connection;
      const found = statements.findDocument.get(name);
      if (found === null) return undefined;
      const journaled = journal.originatedOf(found.id).filter(({ row }) => row > after);
      const sequence = sequenceOf(found, connection);
      if (sequence <= after) return undefined;
      const inTable = webhooks.statements.selectUsers.all(found.id, after, maxUsers);
      const users = new Set([...inTable, ...journaled].flatMap(({ user }) => user ?? []));
      const bytes = webhooks.statements.countBytes.get(found.id, after, found.base)?.bytes ?? 0;
      return {
        sequence,
        users: [...users].slice(0, maxUsers),
        bytes: bytes + journaled.reduce((sum, { update }) => sum + update.byteLength, 0),
      };
    });
  }

  begin(endpoint: string, message: StoredMessage, cursor: RowId): Promise<boolean> {
    return this.#database.write(({ statements, webhooks }) => {
      const found = statements.selectInfo.get(message.document);
      const contentAt = contentTimeOf(message.body);
      const isPurged = found === null || (contentAt !== undefined && (found.createdAt ?? 0) > contentAt);
      if (isPurged && contentAt !== undefined) return false;
      // A purge has removed the cursor with the name of the document.
      if (!isPurged) webhooks.statements.setCursor.run(endpoint, message.document, cursor);
      webhooks.add(endpoint, message);
      return true;
    });
  }

  delivered(endpoint: string, message: StoredMessage): Promise<void> {
    return this.#database.write((connection) => {
      connection.webhooks.delete(endpoint, message);
      reported(connection, endpoint, message);
    });
  }

  failed(endpoint: string, message: StoredMessage): Promise<void> {
    const { attempts, document, dueAt, failedAt, id } = message;
    return this.#database.write((connection) => {
      const { updateMessage } = connection.webhooks.statements;
      updateMessage.run(attempts, dueAt ?? null, failedAt ?? null, endpoint, document, id);
      if (dueAt === undefined) reported(connection, endpoint, message);
    });
  }

  message(endpoint: string, id: string): Promise<StoredMessage | undefined> {
    return this.#database.read(({ webhooks }) => {
      const found = webhooks.statements.selectMessage.get(endpoint, id);
      return found === null ? undefined : messageOf(found);
    });
  }

  messages(endpoint: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#database.read(({ webhooks }) =>
      webhooks.statements.selectMessages.all(endpoint, limit).map(messageOf),
    );
  }

  prune(before: number): Promise<void> {
    return this.#database.write(({ webhooks }) => webhooks.prune(before));
  }
}

/** As `DocumentInfo.sequence`. */
function sequenceOf(
  { base, id, lastCompacted }: Pick<DocumentRow, "base" | "id" | "lastCompacted">,
  { journal, statements }: Connection,
): RowId {
  return Math.max(lastCompacted, statements.selectLastUpdate.get(id, base)?.row ?? 0, journal.lastRowOf(id) ?? 0);
}

function cursorOf({ webhooks }: Connection, endpoint: string, document: string): RowId {
  return webhooks.statements.selectCursor.get(endpoint, document)?.sequence ?? 0;
}

/** The cursor of a purged document is gone, and stays so. */
function reported({ webhooks }: Connection, endpoint: string, { document, sequence, type }: StoredMessage): void {
  if (type === "doc.updated") webhooks.statements.moveCursor.run(sequence, endpoint, document);
}
