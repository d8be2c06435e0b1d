import {
  type Compaction,
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredDocument,
  StoreError,
  type StoreErrorKind,
} from "../../../src/storage/store.ts";

/** A store whose calls fail or wait when the test says so. */
export class FailingStore implements Store {
  /** The batches that were appended. */
  readonly appended: (readonly PendingUpdate[])[] = [];
  /** The number of appends that were tried. */
  attempts = 0;
  /** The number of syncs that were tried. */
  syncs = 0;
  readonly #store: Store;
  #failure: StoreErrorKind | undefined;
  #held: Promise<void> | undefined;
  #heldSync: Promise<void> | undefined;
  #heldLoad: Promise<void> | undefined;
  #failsToSync = false;

  constructor(store: Store) {
    this.#store = store;
  }

  fail(kind: StoreErrorKind): void {
    this.#failure = kind;
  }

  /** Makes syncs fail, while commits succeed. */
  failToSync(): void {
    this.#failsToSync = true;
  }

  recover(): void {
    this.#failure = undefined;
    this.#failsToSync = false;
  }

  /** Keeps syncs waiting until the returned function is called. */
  holdSync(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#heldSync = promise;
    return () => {
      if (this.#heldSync === promise) this.#heldSync = undefined;
      resolve();
    };
  }

  /** Keeps writes waiting until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  /** Keeps reads waiting until the returned function is called. */
  holdLoad(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#heldLoad = promise;
    return () => {
      this.#heldLoad = undefined;
      resolve();
    };
  }

  append(batch: readonly PendingUpdate[]): readonly RowId[] | Promise<readonly RowId[]> {
    return this.#append(batch);
  }

  async #append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    this.attempts += 1;
    await this.#held;
    this.#refuse();
    const rows = await this.#store.append(batch);
    this.appended.push(batch);
    return rows;
  }

  async durable(): Promise<void> {
    this.syncs += 1;
    await this.#heldSync;
    if (this.#failsToSync) throw new StoreError("unavailable", "failing on command");
    await this.#store.durable();
  }

  async compact(document: string, compaction: Compaction): Promise<RowId> {
    await this.#held;
    this.#refuse();
    return this.#store.compact(document, compaction);
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    if (this.#heldLoad !== undefined) await this.#heldLoad;
    this.#refuse();
    return this.#store.load(document);
  }

  list(page: Page): Promise<readonly DocumentInfo[]> {
    return this.#store.list(page);
  }

  info(document: string): Promise<DocumentInfo | undefined> {
    return this.#store.info(document);
  }

  async delete(document: string): Promise<boolean> {
    this.#refuse();
    return this.#store.delete(document);
  }

  async undelete(document: string): Promise<boolean> {
    this.#refuse();
    return this.#store.undelete(document);
  }

  async purge(document: string, deletedUntil?: number): Promise<boolean> {
    this.#refuse();
    return await this.#store.purge(document, deletedUntil);
  }

  scrub(): Promise<void> {
    return this.#store.scrub();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw new StoreError(this.#failure, "failing on command");
  }
}
