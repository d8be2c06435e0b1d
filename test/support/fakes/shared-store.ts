import {
  type ChangeKind,
  type Compaction,
  type PendingUpdate,
  type RowId,
  type Store,
  StoreError,
  type StoreFollower,
} from "../../../src/storage/store.ts";
import { rowsOf } from "../bytes/counting.ts";
import { openMemoryStore } from "./memory-store.ts";

/** A node's view of a store that others share. */
export interface NodeStore extends Store {
  follow(follower: StoreFollower): Promise<void>;
}

/** A store that several nodes follow. Reports wait until `deliver`. */
export class SharedStore {
  readonly #store = openMemoryStore();
  readonly #followers = new Map<object, StoreFollower>();
  /** As `StoredDocument.rowsAfter`. */
  readonly #rowsAfter = new Map<string, RowId>();
  #held: Promise<void> | undefined;
  #reports: { readonly by: object; readonly report: (follower: StoreFollower) => void }[] = [];

  /** Delivers the reports that wait. */
  deliver(): void {
    const reports = this.#reports;
    this.#reports = [];
    for (const { by, report } of reports)
      for (const [node, follower] of this.#followers) if (node !== by) report(follower);
  }

  /** Drops the reports that wait: their updates were compacted before they could be read. */
  drop(): void {
    this.#reports = [];
  }

  /** Loses a document, and reports that: its nodes append it again. */
  async lose(document: string): Promise<void> {
    await this.#store.purge(document);
    this.#rowsAfter.delete(document);
    this.#reports = [];
    for (const follower of this.#followers.values()) follower.reverted();
  }

  /** Keeps the answers of compactions waiting until the returned function is called. */
  holdAnswers(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  openNode(): NodeStore {
    const store = this.#store;
    const node = {};
    const changed = async <Result>(document: string, kind: ChangeKind, change: Promise<Result>): Promise<Result> => {
      const result = await change;
      this.#reports.push({ by: node, report: (follower) => follower.changed(document, kind) });
      return result;
    };
    return {
      load: async (document) => {
        const loaded = await store.load(document);
        return loaded && { ...loaded, rowsAfter: this.#rowsAfter.get(document) };
      },
      append: async (batch) => {
        // The caller uses the bytes again as soon as the append is answered.
        const copies = batch.map(({ document, update, user }) => ({ document, update: update.slice(), user }));
        const rows = await store.append(copies);
        for (const [index, { document }] of copies.entries())
          if (!this.#rowsAfter.has(document)) this.#rowsAfter.set(document, (rows[index] ?? 0) - 1);
        this.#appended(node, copies, rows);
        return rows;
      },
      hasAllRows: async (document, rows) => {
        const last = Math.max(0, ...rows);
        const stored = rowsOf(await store.load(document)).filter((row) => row <= last);
        return Bun.deepEquals(new Set(stored), new Set(rows));
      },
      durable: () => store.durable(),
      compact: (document, compaction) => changed(document, "compacted", this.#compact(document, compaction)),
      list: (page) => store.list(page),
      info: (document) => store.info(document),
      delete: (document) => changed(document, "deleted", store.delete(document)),
      undelete: (document) => changed(document, "undeleted", store.undelete(document)),
      purge: (document, deletedUntil) => {
        if (deletedUntil === undefined) this.#rowsAfter.delete(document);
        return changed(document, "purged", store.purge(document, deletedUntil));
      },
      scrub: () => store.scrub(),
      follow: async (follower) => {
        this.#followers.set(node, follower);
      },
      close: async () => {
        this.#followers.delete(node);
      },
    };
  }

  /** As a store that others share, it refuses to leave out rows that the caller has not read. */
  async #compact(document: string, compaction: Compaction): Promise<RowId> {
    const first = rowsOf(await this.#store.load(document)).slice(0, compaction.rows.length);
    if (first.some((row, index) => row !== compaction.rows[index]))
      throw new StoreError("unavailable", "The rows to compact have changed.");
    const row = await this.#store.compact(document, compaction);
    await this.#held;
    return row;
  }

  #appended(by: object, batch: readonly PendingUpdate[], rows: readonly RowId[]): void {
    const updates = batch.map((pending, index) => ({ ...pending, user: pending.user, row: rows[index] ?? 0 }));
    this.#reports.push({ by, report: (follower) => follower.appended(updates) });
  }
}
