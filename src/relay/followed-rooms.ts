import { backoffMs } from "../lib/backoff.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import type { ChangeKind, FollowedUpdate, StoreFollower } from "../storage/store.ts";
import type { Changes } from "./changes.ts";
import { DocumentDeleted } from "./document/document-deleted.ts";
import type { SyncRoom } from "./sync-room.ts";

export interface FollowedRoomsOptions {
  readonly rooms: Pick<RoomRegistry<SyncRoom>, "whenOpen" | "whenAllOpen" | "find" | "close">;
  /** Told of the updates of documents that are not open here; a room tells of its own. */
  readonly changes: Pick<Changes, "isWatched" | "committed">;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
}

/** When a document is read again that could not be read: it may be damaged for good. */
const retry = { firstMs: 1_000, maxMs: 60_000 };

/** The failures of a room to read its document, up to the next success. */
interface Failing {
  failures: number;
  isRetryDue: boolean;
}

/**
 * Brings what other nodes write to the rooms that are open: updates are published to the members, and a document that was
 * changed otherwise is read again. A room that opens loads its document after its name is known here, so nothing is missed.
 */
export class FollowedRooms implements StoreFollower {
  readonly #options: FollowedRoomsOptions;
  readonly #failing = new WeakMap<SyncRoom, Failing>();
  #told: (document: string, kind: ChangeKind) => void = () => {};

  constructor(options: FollowedRoomsOptions) {
    this.#options = options;
  }

  appended(updates: readonly FollowedUpdate[]): void {
    const { changes, rooms } = this.#options;
    for (const followed of updates) {
      const { document, row, update, user } = followed;
      // A room that is opening may read the update by itself, and not tell of it.
      const isOpen = rooms.find(document) !== undefined;
      rooms.whenOpen(document, (room) => this.#run(room, () => room.updates.advance(followed)));
      if (!isOpen && changes.isWatched) changes.committed({ document, row, update, user });
    }
  }

  changed(document: string, kind: ChangeKind): void {
    this.#options.rooms.whenOpen(document, this.#readAgain);
    this.#told(document, kind);
  }

  /** Calls `task` with every change of another node that is no update, whether its room is open or not. Call it once. */
  whenChanged(task: (document: string, kind: ChangeKind) => void): void {
    this.#told = task;
  }

  missed(): void {
    this.#options.rooms.whenAllOpen(this.#readAgain);
  }

  reverted(): void {
    this.#options.rooms.whenAllOpen((room) => {
      room.expectEarlier();
      this.#readAgain(room);
    });
  }

  readonly #readAgain = (room: SyncRoom): void => {
    this.#run(room, async () => {
      await room.readAgain();
      this.#failing.delete(room);
    });
  };

  /** Reads the document again later if the task fails. */
  #run(room: SyncRoom, task: () => void | Promise<void>): void {
    try {
      const running = task();
      if (running !== undefined) void running.catch((error: unknown) => this.#failed(room, error));
    } catch (error) {
      this.#failed(room, error);
    }
  }

  #failed(room: SyncRoom, error: unknown): void {
    const { clock, log, rooms } = this.#options;
    if (room.isDeleted || rooms.find(room.name) !== room) return;
    if (error instanceof DocumentDeleted) {
      room.deleted();
      void rooms.close(room.name);
      return;
    }
    const failing = this.#failing.get(room) ?? { failures: 0, isRetryDue: false };
    this.#failing.set(room, failing);
    if (failing.isRetryDue) return;
    failing.failures += 1;
    failing.isRetryDue = true;
    log.warn({ event: "followed-document-unreadable", err: error });
    clock.after(backoffMs(failing.failures, retry), () => {
      failing.isRetryDue = false;
      const isFailing = this.#failing.get(room) === failing;
      if (isFailing && rooms.find(room.name) === room) this.#readAgain(room);
    });
  }
}
