import type { Bus, BusListener, BusPort } from "../cluster/bus.ts";
import { KeyedLock } from "../lib/flights/keyed-lock.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { Store } from "../storage/store.ts";
import { DocumentDeleted } from "./document/document-deleted.ts";
import type { SyncRoom } from "./sync-room.ts";

export interface DeletionOptions {
  readonly store: Store;
  readonly rooms: RoomRegistry<SyncRoom>;
  /** The other nodes, which have the same documents open; undefined for a server on its own. */
  readonly bus?: Bus | undefined;
}

const nothing = new Uint8Array();

/**
 * Deletes documents, open or not, and takes deletions back. The calls for one document take effect one after the other.
 *
 * A deletion is known to the other nodes from the store. They are asked to close the document all the same: after a purge,
 * an update that waits on one of them would create it again, without what it depends on.
 *
 * All methods are idempotent, resolve with false if there is no such document, and reject with `StoreError` or
 * `SessionError` (storage-unavailable) when the store fails.
 */
export class Deletion implements BusListener {
  readonly #store: Store;
  readonly #rooms: RoomRegistry<SyncRoom>;
  /** A document that is taken back while it is purged could be opened, and would lose its rows in use. */
  readonly #turns = new KeyedLock();
  readonly #port: BusPort | undefined;

  constructor({ bus, store, rooms }: DeletionOptions) {
    this.#store = store;
    this.#rooms = rooms;
    this.#port = bus?.open("deleted", this);
  }

  received(): void {}

  /** Closes a document that another node has deleted, and answers when that is done. */
  async asked(_: string, document: string): Promise<undefined> {
    if (!this.#rooms.isInUse(document)) return undefined;
    await this.#turns.run(document, async () => {
      const info = await this.#store.info(document);
      // The deletion may have been taken back.
      if (info === undefined || info.deletedAt !== undefined) await this.#close(document, async () => true);
    });
    return undefined;
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
    const isPurged = await this.#turns.run(document, () => this.#store.purge(document, until));
    if (isPurged) await this.#store.scrub();
    return isPurged;
  }

  async #delete(document: string): Promise<boolean> {
    const isFound = await this.#close(document, () => this.#store.delete(document));
    if (isFound) await this.#port?.ask(document, nothing);
    return isFound;
  }

  /** Ends the room of a document once `remove` has resolved with true. Resolves with false if that does not. */
  async #close(document: string, remove: () => Promise<boolean>): Promise<boolean> {
    const lease = await this.#rooms.acquire(document).catch((error: unknown) => {
      if (error instanceof DocumentDeleted) return undefined;
      throw error;
    });
    if (lease === undefined) return true;
    // The room stays open meanwhile: another one, opened before the deletion, would not know of it.
    try {
      await lease.room.updates.settled();
      if (!(await remove())) return false;
      lease.room.deleted();
      // Updates that have come meanwhile are stored before a purge.
      await lease.room.updates.settled();
    } finally {
      lease.release();
    }
    await this.#rooms.close(document);
    return true;
  }
}
