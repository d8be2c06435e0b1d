import type { RowId } from "./store.ts";

/** The events that a webhook can subscribe to. */
export const eventTypes = [
  ...["doc.created", "doc.updated", "doc.restored", "doc.deleted", "doc.undeleted", "doc.purged"],
  ...["version.created", "room.opened", "room.closed", "user.joined", "user.left"],
  ...["compaction.failed", "quota.exceeded"],
] as const;

export type EventType = (typeof eventTypes)[number];

/** The forms in which messages may have the content of their document: JSON, or the characters of its texts. */
export const contentForms = ["json", "text"] as const;

export type ContentForm = (typeof contentForms)[number];

/** A secret that signs, in the form `whsec_…`. */
export interface EndpointSecret {
  readonly secret: string;
  /** The end of its use, in epoch milliseconds; undefined for the newest secret. */
  readonly expiresAt: number | undefined;
}

/** Why an endpoint is disabled: by a request, because it has answered 410, or because it has failed for too long. */
export type DisabledReason = "request" | "gone" | "failing";

/** A URL to which events are sent. Times are in epoch milliseconds. */
export interface StoredEndpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly EventType[];
  /** Room patterns; the events are those of documents that match one. */
  readonly documents: readonly string[];
  /** The newest first. */
  readonly secrets: readonly EndpointSecret[];
  /** The content that a `doc.updated` has of its document; none if it is not set. */
  readonly include?: ContentForm | undefined;
  /** Updates of a document are reported when there was none for this long… */
  readonly debounceMs: number;
  /** …and at the latest this long after the first. */
  readonly maxWaitMs: number;
  readonly createdAt: number;
  readonly disabled: { readonly reason: DisabledReason; readonly at: number } | undefined;
  /** The time since when all attempts have failed; undefined if the last one has succeeded. */
  readonly failingSince: number | undefined;
}

/** Whether an endpoint that is not disabled is to be told of an event. `matches` compares a room pattern with a name. */
export function isSubscribed(
  { disabled, documents, events }: Pick<StoredEndpoint, "disabled" | "documents" | "events">,
  { document, type }: { readonly document: string; readonly type: EventType },
  matches: (pattern: string, document: string) => boolean,
): boolean {
  return disabled === undefined && events.includes(type) && documents.some((pattern) => matches(pattern, document));
}

/** A message for one endpoint, which is sent byte for byte as it is until it is delivered or given up. */
export interface StoredMessage {
  /** Names the message to its receiver: it is the same in all attempts. */
  readonly id: string;
  readonly document: string;
  readonly type: EventType;
  /** The row of the last update of any document before the event; of `doc.updated` the last update that it reports. */
  readonly sequence: RowId;
  readonly body: string;
  /** The attempts that have failed. */
  readonly attempts: number;
  /** The time of the next attempt; undefined for a message that was given up. */
  readonly dueAt: number | undefined;
  /** The time at which it was given up. */
  readonly failedAt: number | undefined;
}

/** Something that has happened to a document. */
export interface DocumentEvent {
  readonly type: Exclude<EventType, "doc.updated">;
  readonly document: string;
  /** Further members of the message's `data`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** An id that no other message has, also of a database that was restored. */
export function newMessageId(): string {
  return `msg_${crypto.randomUUID().replaceAll("-", "")}`;
}

/** The JSON text of a message. `at` is in epoch milliseconds. */
export function messageBody(type: string, at: number, data: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}

/** The time of a message that has the content of its document, in epoch milliseconds; undefined for one without. */
export function contentTimeOf(body: string): number | undefined {
  // The last members: those of the content itself are before them.
  if (!/"contentSequence":\d+\}\}$/.test(body)) return undefined;
  const [, timestamp = ""] = /"timestamp":"([^"]+)"/.exec(body) ?? [];
  return Date.parse(timestamp);
}

/** The updates of a document after a row. */
export interface StoredChanges {
  /** The row of the last one. */
  readonly sequence: RowId;
  /** The ids of the users who have sent them, as far as known: a compaction forgets the users of what it merges. */
  readonly users: readonly string[];
  /** The size of those that no compaction has merged. */
  readonly bytes: number;
}

/** The next message about a document to an endpoint, and how far it has been told. */
export interface LaneState {
  /** The next message: a `doc.updated` that was begun, else the oldest one. */
  readonly next: StoredMessage | undefined;
  /** Updates up to this row have been reported. */
  readonly cursor: RowId;
}

export interface NamePage {
  /** The page begins after this name. */
  readonly after: string;
  readonly limit: number;
}

/** A part of the documents, in the order of their names. */
export interface NamesFound {
  readonly documents: readonly string[];
  /** Where the next part begins; undefined after the last one. */
  readonly next: string | undefined;
}

/**
 * Webhook endpoints, and what is left to tell them.
 *
 * Updates need no row of their own: an endpoint has a cursor for each document, and is told when the document has later
 * updates. Every other event is a message for each endpoint that subscribes to it: the store itself writes those of
 * created, deleted, undeleted and purged documents, in the transaction of the change. A purge removes the messages that
 * have content of the document.
 *
 * All methods reject with `StoreError` when the store fails, and have changed nothing then.
 */
export interface WebhookStore {
  endpoints(): Promise<readonly StoredEndpoint[]>;
  /** Adds an endpoint, or replaces the one with its id. A new one is told of what happens from now on. */
  save(endpoint: StoredEndpoint): Promise<void>;
  /** Removes an endpoint with all its messages. */
  remove(endpoint: string): Promise<void>;
  /** Has `recorded` called when a message about a document may have been added. Called once. */
  whenRecorded(recorded: (document: string) => void): void;
  /** Adds a message for each endpoint that subscribes to the event. */
  record(event: DocumentEvent): Promise<void>;
  /** The documents about which messages wait. */
  documentsWithMessages(endpoint: string, page: NamePage): Promise<NamesFound>;
  /** The documents with updates that are not reported. `page.limit` bounds the documents that are looked at. */
  documentsWithChanges(endpoint: string, page: NamePage): Promise<NamesFound>;
  lane(endpoint: string, document: string): Promise<LaneState>;
  /** The updates of a document after a row; undefined if there are none. */
  changes(document: string, after: RowId): Promise<StoredChanges | undefined>;
  /**
   * Adds the message that reports updates, before its first attempt. Resolves with false, and adds nothing, if the message
   * has the content of a document that was purged since.
   */
  begin(endpoint: string, message: StoredMessage, cursor: RowId): Promise<boolean>;
  /** Removes a message. If it has reported updates, the cursor moves to its `sequence`. */
  delivered(endpoint: string, message: StoredMessage): Promise<void>;
  /** Stores `attempts`, `dueAt` and `failedAt`. If updates are given up, the cursor moves as in `delivered`. */
  failed(endpoint: string, message: StoredMessage): Promise<void>;
  message(endpoint: string, id: string): Promise<StoredMessage | undefined>;
  /** The messages that wait, or that were given up, the oldest first. */
  messages(endpoint: string, limit: number): Promise<readonly StoredMessage[]>;
  /** Removes the messages that were given up before a time. */
  prune(before: number): Promise<void>;
}
