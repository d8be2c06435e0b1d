import type { RowId } from "../storage/store.ts";

/** An update that has been committed, and published to the members of its room. */
export interface CommittedChange {
  readonly document: string;
  readonly row: RowId;
  /** A Yjs update, V1. It must not be modified. */
  readonly update: Uint8Array;
  /** The id of the user who has sent it; undefined if unknown. */
  readonly user: string | undefined;
  /** The update is what was found of earlier rows of other nodes, which are not told of one by one. */
  readonly isFound?: boolean | undefined;
}

export type ChangeWatcher = (change: CommittedChange) => void;

/**
 * Tells parts of the server that follow documents of every committed update, in the order of the commits: in the same
 * synchronous block in which the members receive it, and so before anything else happens in the room.
 *
 * A watcher must return soon, and must not throw.
 */
export class Changes {
  readonly #ofAll = new Set<ChangeWatcher>();
  readonly #ofDocuments = new Map<string, Set<ChangeWatcher>>();

  /** Whether anybody watches. */
  get isWatched(): boolean {
    return this.#ofAll.size > 0 || this.#ofDocuments.size > 0;
  }

  /** Tells `watcher` of every change until the returned function is called. */
  watchAll(watcher: ChangeWatcher): () => void {
    this.#ofAll.add(watcher);
    return () => this.#ofAll.delete(watcher);
  }

  /** As `watchAll`, for the changes of one document. */
  watch(document: string, watcher: ChangeWatcher): () => void {
    const watchers = this.#ofDocuments.get(document) ?? new Set();
    this.#ofDocuments.set(document, watchers);
    watchers.add(watcher);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#ofDocuments.get(document) === watchers) this.#ofDocuments.delete(document);
    };
  }

  committed(change: CommittedChange): void {
    for (const watcher of [...this.#ofAll, ...(this.#ofDocuments.get(change.document) ?? [])]) watcher(change);
  }
}
