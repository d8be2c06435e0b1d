import type { Database } from "bun:sqlite";
import { matchesRoom } from "../../../auth/room-pattern.ts";
import type { RowId } from "../../store.ts";
import {
  type DocumentEvent,
  type EventType,
  isSubscribed,
  messageBody,
  newMessageId,
  type StoredEndpoint,
  type StoredMessage,
} from "../../webhook-store.ts";
import { type MessageRow, prepareWebhookStatements, type WebhookStatements } from "./webhook-statements.ts";

/** The most messages of one endpoint. Further events are dropped until some are delivered; updates are not. */
const maxMessages = 100_000;

/** An event, and where it belongs in the order of the updates. */
export interface PlacedEvent extends DocumentEvent {
  /** As `StoredMessage.sequence`. */
  readonly sequence: RowId;
}

/** Told of what is recorded, in the transaction that records it. */
export interface RecordListener {
  /** The time, in epoch milliseconds. */
  now(): number;
  recorded(document: string): void;
  /** Events were dropped because an endpoint has too many messages. */
  dropped(): void;
}

/** The rows of webhooks. All methods are called in a transaction of their caller, or only read. */
export class WebhookRows {
  readonly statements: WebhookStatements;
  readonly #listener: RecordListener;
  #endpoints: readonly StoredEndpoint[] | undefined;
  #counts: Map<string, number> | undefined;

  constructor(database: Database, listener: RecordListener) {
    this.statements = prepareWebhookStatements(database);
    this.#listener = listener;
  }

  get endpoints(): readonly StoredEndpoint[] {
    // This class has written them.
    this.#endpoints ??= this.statements.selectEndpoints
      .all()
      .map(({ id, settings }) => ({ ...(JSON.parse(settings) as Omit<StoredEndpoint, "id">), id }));
    return this.#endpoints;
  }

  save({ id, ...settings }: StoredEndpoint, startsAfter: RowId): void {
    this.statements.saveEndpoint.run(id, JSON.stringify(settings), startsAfter);
    this.forget();
  }

  remove(endpoint: string): void {
    this.statements.deleteEndpoint.run(endpoint);
    this.statements.deleteCursors.run(endpoint);
    this.statements.deleteMessages.run(endpoint);
    this.forget();
  }

  /** Adds a message for each endpoint that subscribes to the event. */
  record({ data, document, sequence, type }: PlacedEvent): void {
    const at = this.#listener.now();
    for (const endpoint of this.endpoints) {
      // The cursor of a new document: none of its updates comes before the event.
      if (type === "doc.created" && isSubscribed(endpoint, { type: "doc.updated", document }, matchesRoom))
        this.statements.setCursor.run(endpoint.id, document, sequence);
      if (!isSubscribed(endpoint, { type, document }, matchesRoom)) continue;
      const count = this.#countOf(endpoint.id);
      if (count >= maxMessages) {
        this.#listener.dropped();
        continue;
      }
      const body = messageBody(type, at, { document, ...data });
      const id = newMessageId();
      this.statements.insertMessage.run(endpoint.id, document, id, type, sequence, body, at);
      this.#counted(endpoint.id, 1);
      this.#listener.recorded(document);
    }
  }

  add(endpoint: string, { body, document, dueAt, id, sequence, type }: StoredMessage): void {
    this.statements.insertMessage.run(endpoint, document, id, type, sequence, body, dueAt ?? null);
    this.#counted(endpoint, 1);
  }

  delete(endpoint: string, { document, id }: StoredMessage): void {
    this.#counted(endpoint, -this.statements.deleteMessage.run(endpoint, document, id).changes);
  }

  /** Removes the messages that have content of a document. */
  deleteContents(document: string): void {
    // By endpoint the messages of a document are found without reading those of others.
    for (const { id } of this.endpoints) this.statements.deleteContents.run(id, document);
    this.#counts = undefined;
  }

  prune(before: number): void {
    this.statements.pruneMessages.run(before);
    this.#counts = undefined;
  }

  /** Forgets what is kept in memory of the rows, for instance after a transaction was rolled back. */
  forget(): void {
    this.#endpoints = undefined;
    this.#counts = undefined;
  }

  #countOf(endpoint: string): number {
    this.#counts ??= new Map(this.statements.countMessages.all().map(({ count, endpoint: id }) => [id, count]));
    return this.#counts.get(endpoint) ?? 0;
  }

  #counted(endpoint: string, change: number): void {
    if (this.#counts !== undefined) this.#counts.set(endpoint, this.#countOf(endpoint) + change);
  }
}

export function messageOf({ dueAt, failedAt, type, ...row }: MessageRow): StoredMessage {
  // The column holds the types that were inserted.
  return { ...row, type: type as EventType, dueAt: dueAt ?? undefined, failedAt: failedAt ?? undefined };
}
