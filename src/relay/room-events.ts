/** Something that has happened in a room, besides updates. */
export interface RoomEvent {
  readonly type: "room.opened" | "room.closed" | "user.joined" | "user.left" | "compaction.failed" | "quota.exceeded";
  readonly document: string;
  /** The user who has come or gone. */
  readonly user?: string;
}

export type RoomEventWatcher = (event: RoomEvent) => void;

/**
 * Tells parts of the server when rooms get their first member and lose their last one, when users come and go, and when
 * something fails in a room. A user with several connections comes with the first and goes with the last of them.
 *
 * A watcher must return soon, and must not throw.
 */
export class RoomEvents {
  readonly #watchers = new Set<RoomEventWatcher>();

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#watchers.size > 0;
  }

  /** Tells `watcher` of every event until the returned function is called. */
  watch(watcher: RoomEventWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  happened(event: RoomEvent): void {
    for (const watcher of [...this.#watchers]) watcher(event);
  }
}
