import type { Changes } from "../relay/changes.ts";
import type { Deletion } from "../relay/deletion.ts";
import type { SyncRoom } from "../relay/sync-room.ts";
import type { Lease, RoomRegistry } from "../rooms/room-registry.ts";
import type { DocumentInfo, Page, Store } from "../storage/store.ts";

export interface DocumentsOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly deletion: Deletion;
  readonly changes: Changes;
}

/**
 * The documents of a server, for requests that are no connections. It knows nothing of HTTP and of who asks.
 *
 * All methods reject with `StoreError` or `SessionError` when the store fails.
 */
export class Documents {
  readonly #options: DocumentsOptions;

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  /** Every committed update, for those who follow documents. */
  get changes(): Changes {
    return this.#options.changes;
  }

  list(page: Page): Promise<readonly DocumentInfo[]> {
    return this.#options.store.list(page);
  }

  /** The facts of a document, also of a deleted one; undefined if it has no updates. */
  info(document: string): Promise<DocumentInfo | undefined> {
    return this.#options.store.info(document);
  }

  /** As `Deletion.delete`. */
  delete(document: string): Promise<boolean> {
    return this.#options.deletion.delete(document);
  }

  /** As `Deletion.undelete`. */
  undelete(document: string): Promise<boolean> {
    return this.#options.deletion.undelete(document);
  }

  /** As `Deletion.purge`. */
  purge(document: string): Promise<boolean> {
    return this.#options.deletion.purge(document);
  }

  /**
   * Opens the room of a document, whether it has updates or not, and keeps it open until the lease is released. Rejects
   * with `DocumentDeleted`.
   */
  open(document: string): Promise<Lease<SyncRoom>> {
    return this.#options.rooms.acquire(document);
  }
}
