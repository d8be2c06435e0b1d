import type { AwarenessEntry } from "../relay/awareness/awareness-codec.ts";
import type { Changes } from "../relay/changes.ts";
import type { Deletion } from "../relay/deletion.ts";
import { disconnectMembers } from "../relay/disconnect.ts";
import type { DocumentParts } from "../relay/document/document.ts";
import type { SyncRoom } from "../relay/sync-room.ts";
import type { Lease, RoomRegistry } from "../rooms/room-registry.ts";
import type { DocumentInfo, Page, RowId, Store, StoredDocument } from "../storage/store.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";

export interface DocumentsOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly deletion: Deletion;
  readonly changes: Changes;
}

/** An update that is to be written. */
export interface WriteOrder {
  readonly document: string;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
  /** The user id that is stored with it. */
  readonly user: string | undefined;
  /**
   * Whether the update may be written to the document as it is, by its sequence. It is asked when no update waits for the
   * store, and in the turn of the event loop in which the update is taken: no other update comes between.
   */
  readonly condition?: ((sequence: RowId) => boolean) | undefined;
}

export type WriteOutcome =
  | {
      readonly kind: "written";
      /** The row of the update; that of the last update if it changed nothing. */
      readonly sequence: RowId;
      readonly isChanged: boolean;
    }
  /** The condition does not hold. */
  | { readonly kind: "refused"; readonly sequence: RowId }
  | { readonly kind: "too-large" };

/** A document was deleted, or a deletion was taken back. */
export interface DocumentEvent {
  readonly document: string;
  readonly kind: "deleted" | "undeleted" | "purged";
}

/**
 * The documents of a server, for requests that are no connections. It knows nothing of HTTP and of who asks.
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

  /** Tells `watcher` of deletions and the like until the returned function is called. It must not throw. */
  watch(watcher: (event: DocumentEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
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

  /**
   * Writes an update as one of a member is written: it is committed, then sent to the members, and the call resolves when
   * it is as durable as an acknowledgement promises. Creates the document if there is none.
   *
   * Rejects with `SessionError` for a malformed update, `DocumentDeleted`, and when the store has not taken the update.
   */
  async write({ condition, document, update, user }: WriteOrder): Promise<WriteOutcome> {
    const lease = await this.open(document);
    const { room } = lease;
    const { promise: stored, resolve, reject } = Promise.withResolvers<void>();
    let row: RowId | undefined;
    const holds = () => condition === undefined || (room.updates.isSettled && condition(room.sequence));
    try {
      if (condition !== undefined) await room.updates.settled();
      if (!holds()) return { kind: "refused", sequence: room.sequence };
      const outcome = await room.updates.submit({
        update,
        user,
        // The room reads it in the turn in which it takes the update.
        get access() {
          return holds() ? "write" : "read";
        },
        committed: (committed) => {
          row = committed;
        },
        stored: resolve,
        discarded: () => reject(new SessionError(closeReasons.storageUnavailable, "the update could not be stored")),
      });
      if (outcome === "too-large") return { kind: outcome };
      if (outcome === "read-only") return { kind: "refused", sequence: room.sequence };
      await stored;
      return { kind: "written", sequence: row ?? room.sequence, isChanged: row !== undefined };
    } finally {
      lease.release();
    }
  }

  /** The present awareness states of a document; none if no client is in it. */
  presence(document: string): readonly AwarenessEntry[] {
    return this.#options.rooms.find(document)?.presence ?? [];
  }

  /** As `disconnectMembers`; 0 if no client is in the document. */
  disconnect(document: string, user?: string): number {
    const room = this.#options.rooms.find(document);
    return room === undefined ? 0 : disconnectMembers(room, user);
  }

  #report(event: DocumentEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}
