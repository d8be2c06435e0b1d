import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { Store } from "../storage/store.ts";
import { DocumentDeleted } from "./document/document-deleted.ts";
import type { SyncRoom } from "./sync-room.ts";

export interface DeletionOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
}

/**
 * Deletes documents, open or not, and takes deletions back.
 *
 * All methods are idempotent, resolve with false if there is no such document, and reject with `StoreError` or
 * `SessionError` (storage-unavailable) when the store fails.
 */
export class Deletion {
  readonly #store: Store;
  readonly #rooms: RoomRegistry<SyncRoom>;

  constructor({ store, rooms }: DeletionOptions) {
    this.#store = store;
    this.#rooms = rooms;
  }

  /**
   * Marks a document as deleted: its members leave with close reason document-deleted, and nobody can enter until
   * `undelete`. Updates that wait for the store at that time are stored, and are part of what `undelete` brings back.
   */
  async delete(document: string): Promise<boolean> {
    const lease = await this.#rooms.acquire(document).catch((error: unknown) => {
      if (error instanceof DocumentDeleted) return undefined;
      throw error;
    });
    if (lease === undefined) return true;
    // The room stays open meanwhile: another one, opened before the deletion, would not know of it.
    try {
      await lease.room.updates.settled();
      if (!(await this.#store.delete(document))) return false;
      lease.room.deleted();
    } finally {
      lease.release();
    }
    await this.#rooms.close(document);
    return true;
  }

  /** Takes a deletion back. The document is as it was. */
  undelete(document: string): Promise<boolean> {
    return this.#store.undelete(document);
  }

  /** Removes a document for ever. When it resolves, no byte of it is in the store's files; see `Store.scrub`. */
  async purge(document: string): Promise<boolean> {
    const isFound = await this.delete(document);
    await this.#store.purge(document);
    // Also when it is not found: an earlier purge may have been interrupted before its scrub.
    await this.#store.scrub();
    return isFound;
  }
}
