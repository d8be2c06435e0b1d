import type { FoundPresence, PresenceNodes } from "../relay/awareness/nodes/presence-nodes.ts";
import type { Changes } from "../relay/changes.ts";
import type { Deletion } from "../relay/deletion.ts";
import type { DocumentParts } from "../relay/document/document-parts.ts";
import { type UpdateOrder, type WriteOutcome, writeUpdate } from "../relay/server-updates/write-update.ts";
import type { SyncRoom } from "../relay/sync-room.ts";
import type { Lease, RoomRegistry } from "../rooms/room-registry.ts";
import type { DocumentInfo, Page, Store, StoredDocument } from "../storage/store.ts";

export interface DocumentsOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly deletion: Deletion;
  readonly changes: Changes;
  /** The presence on the other nodes of a cluster. */
  readonly presenceNodes?: Pick<PresenceNodes, "find"> | undefined;
}

/** An update that is to be written. */
export interface WriteOrder extends UpdateOrder {
  readonly document: string;
  /**
   * The room that the update was made for, which a lease keeps open. Without it the update is written to the document that
   * has the name by then, also if that is another one.
   */
  readonly room?: SyncRoom | undefined;
}

/** A document was deleted, or a deletion was taken back. */
export interface DocumentEvent {
  readonly document: string;
  readonly kind: "deleted" | "undeleted" | "purged";
}

/**
 * The documents of a server, for requests that are no connections. It knows neither HTTP nor the caller.
 *
 * All methods reject with `StoreError` or `SessionError` when the store fails.
 */
export class Documents {
  readonly #options: DocumentsOptions;
  readonly #watchers = new Set<(event: DocumentEvent) => void>();

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  /** Every committed update, for those who follow documents. */
  get changes(): Changes {
    return this.#options.changes;
  }

  /** Whether other nodes write to the documents. */
  get isShared(): boolean {
    return this.#options.store.follow !== undefined;
  }

  /** Tells `watcher` of deletions and the like until the returned function is called. It must not throw. */
  watch(watcher: (event: DocumentEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Reports the deletion of a document by another node, or the like, whose room here learns of it by itself. */
  changedElsewhere(event: DocumentEvent): void {
    this.#report(event);
  }

  list(page: Page): Promise<readonly DocumentInfo[]> {
    return this.#options.store.list(page);
  }

  /** The facts of a document, also of a deleted one; undefined if it has no updates. */
  info(document: string): Promise<DocumentInfo | undefined> {
    return this.#options.store.info(document);
  }

  /** The stored rows of a document, as `Store.load`. */
  load(document: string): Promise<StoredDocument | undefined> {
    return this.#options.store.load(document);
  }

  /** As `Deletion.delete`. */
  async delete(document: string): Promise<boolean> {
    const isFound = await this.#options.deletion.delete(document);
    if (isFound) this.#report({ document, kind: "deleted" });
    return isFound;
  }

  /** As `Deletion.undelete`. */
  async undelete(document: string): Promise<boolean> {
    const isFound = await this.#options.deletion.undelete(document);
    if (isFound) this.#report({ document, kind: "undeleted" });
    return isFound;
  }

  /** As `Deletion.purge`. */
  async purge(document: string): Promise<boolean> {
    const isFound = await this.#options.deletion.purge(document);
    if (isFound) this.#report({ document, kind: "purged" });
    return isFound;
  }

  /** As `Deletion.purgeDeleted`. */
  async purgeDeleted(document: string, until: number): Promise<boolean> {
    const isPurged = await this.#options.deletion.purgeDeleted(document, until);
    if (isPurged) this.#report({ document, kind: "purged" });
    return isPurged;
  }

  /** As `Store.scrub`. */
  scrub(): Promise<void> {
    return this.#options.store.scrub();
  }

  /** Compacts a document now, as far as that is possible. Rejects as `open`. */
  async compact(document: string): Promise<void> {
    const lease = await this.open(document);
    try {
      await lease.room.compact();
    } finally {
      lease.release();
    }
  }

  /**
   * Opens the room of a document, whether it has updates or not, and keeps it open until the lease is released. Rejects
   * with `DocumentDeleted`.
   */
  open(document: string): Promise<Lease<SyncRoom>> {
    return this.#options.rooms.acquire(document);
  }

  /** Reads the whole committed content; rejects as `open`. */
  async read(document: string): Promise<DocumentParts> {
    const lease = await this.open(document);
    try {
      return await lease.room.parts();
    } finally {
      lease.release();
    }
  }

  /** As `writeUpdate`. Creates the document if there is none. Rejects with `DocumentDeleted` if `room` is of one that was deleted. */
  async write({ document, room, ...order }: WriteOrder): Promise<WriteOutcome> {
    if (room !== undefined) return writeUpdate(room, order);
    const lease = await this.open(document);
    try {
      return await writeUpdate(lease.room, order);
    } finally {
      lease.release();
    }
  }

  /** The present awareness states of a document, on all nodes; none if no client is in it. */
  async presence(document: string): Promise<FoundPresence> {
    const { presenceNodes, rooms } = this.#options;
    const entries = rooms.find(document)?.presence ?? [];
    // A room with members knows those of all nodes.
    if (entries.length > 0 || presenceNodes === undefined) return { entries, isComplete: true };
    return await presenceNodes.find(document);
  }

  /** The latest clock of a client's awareness in an open document; undefined for one that is not known. */
  awarenessClockOf(document: string, clientId: number): number | undefined {
    return this.#options.rooms.find(document)?.awarenessClockOf(clientId);
  }

  #report(event: DocumentEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}
