import { KeyedLock } from "../lib/flights/keyed-lock.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { Store } from "../storage/store.ts";
import { DocumentDeleted } from "./document/document-deleted.ts";
import type { SyncRoom } from "./sync-room.ts";

export interface DeletionOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
}

/**
 * Deletes documents, open or not, and takes deletions back. The calls for one document take effect one after the other.
 *
 * All methods are idempotent, resolve with false if there is no such document, and reject with `StoreError` or
 * `SessionError` (storage-unavailable) when the store fails.
 */
export class Deletion {
  readonly #store: Store;
  readonly #rooms: RoomRegistry<SyncRoom>;
  /** A document that is taken back while it is purged could be opened, and would lose its rows in use. */
  readonly #turns = new KeyedLock();

  constructor({ store, rooms }: DeletionOptions) {
    this.#store = store;
    this.#rooms = rooms;
  }

  /**
   * Marks a document as deleted: its members leave with close reason document-deleted, and nobody can enter until
   * `undelete`. Updates that wait for the store at that time are stored, and are part of what `undelete` brings back.
   */
  delete(document: string): Promise<boolean> {
    return this.#turns.run(document, () => this.#delete(document));
  }

  /** Takes a deletion back: the document is unchanged. */
  undelete(document: string): Promise<boolean> {
    return this.#turns.run(document, () => this.#store.undelete(document));
  }

  /** Removes a document for ever. When it resolves, no byte of it is in the store's files; see `Store.scrub`. */
  async purge(document: string): Promise<boolean> {
    const isFound = await this.#turns.run(document, async () => {
      const isDeleted = await this.#delete(document);
      await this.#store.purge(document);
      return isDeleted;
    });
    // Also when it is not found: an earlier purge may have been interrupted before its scrub.
    await this.#store.scrub();
    return isFound;
  }

  /**
   * As `purge`, for a document that was deleted at a time (epoch milliseconds) or before. Resolves with false for another
   * one, which stays: its deletion may have been taken back.
   */
  async purgeDeleted(document: string, until: number): Promise<boolean> {
    const isPurged = await this.#turns.run(document, async () => {
      const deletedAt = (await this.#store.info(document))?.deletedAt;
      if (deletedAt === undefined || deletedAt > until) return false;
      await this.#store.purge(document);
      return true;
    });
    if (isPurged) await this.#store.scrub();
    return isPurged;
  }

  async #delete(document: string): Promise<boolean> {
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
}
