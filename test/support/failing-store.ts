import {
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredDocument,
  StoreError,
  type StoreErrorKind,
} from "../../src/storage/store.ts";

/** A store whose writes fail, or wait, on command. */
export class FailingStore implements Store {
  /** The batches that were appended. */
  readonly appended: (readonly PendingUpdate[])[] = [];
  /** Appends that were tried. */
  attempts = 0;
  readonly #store: Store;
  #failure: StoreErrorKind | undefined;
  #held: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  fail(kind: StoreErrorKind): void {
    this.#failure = kind;
  }

  recover(): void {
    this.#failure = undefined;
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

  async append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    this.attempts += 1;
    await this.#held;
    this.#refuse();
    const rows = await this.#store.append(batch);
    this.appended.push(batch);
    return rows;
  }

  async compact(document: string, rows: readonly RowId[], base: Uint8Array): Promise<RowId> {
    await this.#held;
    this.#refuse();
    return this.#store.compact(document, rows, base);
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    this.#refuse();
    return this.#store.load(document);
  }

  list(page: Page): Promise<readonly DocumentInfo[]> {
    return this.#store.list(page);
  }

  remove(document: string): Promise<void> {
    return this.#store.remove(document);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw new StoreError(this.#failure, "failing on command");
  }
}
