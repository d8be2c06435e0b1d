import type { PendingUpdate, RowId, Store } from "../../src/storage/store.ts";

/** Appends to a store, and tells everything that can be read from it in a form that two stores have in common. */
export class ToldStore {
  readonly #names: readonly string[];
  /** The row of the last append to each document. */
  readonly #lastRows = new Map<string, RowId>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  async append(store: Store, batch: readonly PendingUpdate[]): Promise<void> {
    const rows = await store.append(batch);
    for (const [index, { document }] of batch.entries()) this.#lastRows.set(document, rows[index] ?? 0);
  }

  /** The row ids of two stores differ, so a sequence is told by whether it is that of the last append. */
  async tell(store: Store): Promise<unknown> {
    const documents = await Promise.all(this.#names.map((name) => store.load(name)));
    const listed = await store.list({ limit: this.#names.length, state: "any" });
    return {
      updates: documents.map((document) =>
        [document?.base, ...(document?.tail ?? [])].map((stored) => stored && Bun.hash(stored.update)),
      ),
      deletions: documents.map((document) => document?.deletedAt),
      listed: listed.map(({ sequence, ...info }) => ({
        ...info,
        isSequenceOfLast: sequence === this.#lastRows.get(info.name),
      })),
      present: (await store.list({ limit: this.#names.length })).map(({ name }) => name),
    };
  }
}
