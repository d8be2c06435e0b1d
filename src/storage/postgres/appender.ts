import type { Clock } from "../../lib/time/clock.ts";
import { type FollowedUpdate, type PendingUpdate, type RowId, StoreError } from "../store.ts";
import type { Connections } from "./connections.ts";
import { ExistingDocuments } from "./documents/existing-documents.ts";
import {
  type BatchPlace,
  type InsertedBatch,
  insertBatch,
  insertIntoExisting,
  insertWriter,
  settleBatch,
} from "./documents/insert-batch.ts";
import { dropFirst, type PackedBatch } from "./documents/packed-batch.ts";
import { headsOf, skipRows } from "./documents/restore-rows.ts";
import { KeptBatches } from "./kept-batches.ts";
import { isOutcomeUnknown, repeatWhileBroken } from "./postgres-errors.ts";

export interface AppenderOptions {
  readonly connections: Pick<Connections, "pool" | "writer">;
  readonly clock: Pick<Clock, "elapsedMs">;
  /** Called with each writer that it has, before it writes. */
  readonly registered: (writer: number) => void;
  /** Called with each batch that is known to be stored when its statement is answered. `rows` are in its order. */
  readonly appended: (place: BatchPlace, batch: PackedBatch, rows: readonly RowId[]) => void;
  /** Called when it is found out whether a batch is stored whose statement was not answered. */
  readonly settled: () => void;
  /** Called with documents that an append may have created. */
  readonly created: (documents: readonly string[]) => void;
  /** Called with updates that are stored, and whose append was rejected and is not repeated. */
  readonly abandoned: (updates: readonly FollowedUpdate[]) => void;
  /** Called with documents of which some may have an update as for `abandoned` that is not found, because it is compacted. */
  readonly changed: (documents: readonly string[]) => void;
  /** The largest row that this node has seen. */
  readonly largestRow: () => RowId;
}

/** Updates that are stored, with their rows, in the same order. */
interface StoredUpdates {
  readonly updates: readonly PendingUpdate[];
  readonly rows: readonly RowId[];
}

const nothing: StoredUpdates = { updates: [], rows: [] };

/**
 * Appends batches, one at a time, each exactly once.
 *
 * When the connection breaks before the answer, the batch may be committed or not. That is found out as soon as the
 * database can be reached: at once, or in the next call. If the batch is committed, and the next call repeats it, possibly
 * with more updates behind it, only these are appended.
 *
 * A standby that has taken over may lack the last batches. They are appended again, before everything that follows.
 */
export class Appender {
  readonly #options: AppenderOptions;
  /** Undefined until the first append. */
  #writer: number | undefined;
  /** The number of its last batch. */
  #head = 0;
  /** The last batch, if its outcome is unknown. */
  #unsettled: { readonly batch: PackedBatch; readonly place: BatchPlace } | undefined;
  /** Committed batches whose appends were rejected. */
  #unreported = nothing;
  readonly #kept: KeptBatches;
  readonly #existing = new ExistingDocuments();
  /** Batches that were stored, and that the database has lost. */
  #lost: readonly PackedBatch[] = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#kept = new KeptBatches(options.clock);
  }

  /** By writer: the last batch that the database must have. */
  get heads(): ReadonlyMap<number, number> {
    return this.#kept.heads;
  }

  /**
   * Appends again what the database has lost. Called when the call before has ended. Rejects as `append`; the next call
   * goes on.
   */
  async restore(): Promise<void> {
    await this.#settleLast();
    await this.#findLost();
    await this.#appendLost();
  }

  /** Keeps a batch that was stored otherwise, for a database that turns out to lack it. */
  keep(place: BatchPlace, batch: PackedBatch): void {
    this.#kept.add(place, batch);
  }

  /**
   * Resolves with the rows in the order of the batch. Called when the call before has ended. An empty batch shows whether
   * the database can be written to, and ends what the call before has left open.
   *
   * Rejects with the error of Postgres. Then nothing is stored, unless the database cannot be reached.
   */
  async append(batch: PackedBatch): Promise<readonly RowId[]> {
    await this.#settleLast();
    await this.#appendLost();
    if (batch.updates.length === 0) await this.#probe();
    try {
      return await this.#appendRest(batch);
    } catch (error) {
      if (this.#unsettled === undefined) throw error;
      await this.#settleLast();
      return await this.#appendRest(batch);
    }
  }

  async #probe(): Promise<void> {
    const { writer } = this.#options.connections;
    const [found] = await repeatWhileBroken(
      () => writer<{ readonly isStandby: boolean }[]>`SELECT pg_is_in_recovery() AS "isStandby"`,
    );
    if (found?.isStandby !== false) throw new StoreError("unavailable", "The database is a standby.");
  }

  /** Appends the updates of a batch that are not stored. */
  async #appendRest(batch: PackedBatch): Promise<readonly RowId[]> {
    // Another batch means that the caller has given up the former one.
    if (!repeats(batch, this.#unreported)) this.#abandon();
    const { rows: stored, updates } = this.#unreported;
    const rest = dropFirst(batch, updates.length);
    const rows = rest.updates.length === 0 ? [] : await this.#insert(rest);
    this.#unreported = nothing;
    return [...stored, ...rows];
  }

  #abandon(): void {
    const { rows, updates } = this.#unreported;
    this.#unreported = nothing;
    const pairs = updates.map(({ document, update, user }, index) => ({
      document,
      update,
      user,
      row: rows[index] ?? 0,
    }));
    if (pairs.length > 0) this.#options.abandoned(pairs);
  }

  async #insert(batch: PackedBatch): Promise<readonly RowId[]> {
    const rows = await this.#tryToInsert(batch);
    if (rows.length > 0) return rows;
    // The writer's row is gone, or is as it was earlier: a backup was restored, or a standby has taken over.
    await this.#findLost();
    await this.#appendLost();
    const repeated = await this.#tryToInsert(batch);
    if (repeated.length === 0) throw noPlace();
    return repeated;
  }

  async #findLost(): Promise<void> {
    const { connections, largestRow } = this.#options;
    const writers = new Set(this.#kept.heads.keys());
    const heads = await repeatWhileBroken(() => headsOf(writers, connections.pool));
    await skipRows(largestRow(), connections.pool);
    this.#lost = [...this.#lost, ...this.#kept.takeLost(heads)];
    // Other nodes have read batches of the former one that are gone: they would not read others with their numbers.
    this.#writer = undefined;
    this.#existing.clear();
  }

  async #appendLost(): Promise<void> {
    for (let [batch] = this.#lost; batch !== undefined; [batch] = this.#lost) {
      const rows = await this.#tryToInsert(batch);
      if (rows.length === 0) throw noPlace();
      this.#lost = this.#lost.slice(1);
    }
  }

  async #tryToInsert(batch: PackedBatch): Promise<readonly RowId[]> {
    const place = await this.#nextPlace();
    try {
      const { created, rows } = await this.#insertAt(place, batch);
      this.#head = place.number;
      if (rows.length > 0) {
        this.#kept.add(place, batch);
        this.#options.appended(place, batch, rows);
      }
      if (created.length > 0) this.#options.created(created);
      return rows;
    } catch (error) {
      if (!isOutcomeUnknown(error)) throw error;
      this.#head = place.number;
      this.#unsettled = { batch, place };
      throw error;
    }
  }

  async #insertAt(place: BatchPlace, batch: PackedBatch): Promise<Pick<InsertedBatch, "created" | "rows">> {
    const { writer: sql } = this.#options.connections;
    const purges = this.#existing.purgesIfAllExist(batch.documents);
    if (purges !== undefined) {
      const rows = await insertIntoExisting(place, batch, { purges, sql });
      if (rows.length > 0) return { rows, created: [] };
    }
    const inserted = await insertBatch(place, batch, sql);
    if (inserted.rows.length > 0) this.#existing.found(batch.documents, inserted.purges);
    return inserted;
  }

  async #nextPlace(): Promise<BatchPlace> {
    if (this.#writer === undefined) {
      this.#writer = await insertWriter(this.#options.connections.pool);
      this.#options.registered(this.#writer);
      this.#head = 0;
    }
    return { writer: this.#writer, number: this.#head + 1 };
  }

  async #settleLast(): Promise<void> {
    if (this.#unsettled === undefined) return;
    const { batch, place } = this.#unsettled;
    const rows = await repeatWhileBroken(() => settleBatch(place, this.#options.connections.pool));
    this.#unsettled = undefined;
    this.#options.settled();
    if (rows.length > 0) this.#options.created(batch.documents);
    // Rows that were compacted meanwhile are not found: then the batch is appended again, which changes no document.
    if (rows.length !== batch.documents.length) {
      if (rows.length > 0) this.#options.changed(batch.documents);
      return;
    }
    this.#kept.add(place, batch);
    if (batch === this.#lost[0]) {
      this.#lost = this.#lost.slice(1);
      return;
    }
    const { updates: earlier, rows: rowsBefore } = this.#unreported;
    this.#unreported = { updates: [...earlier, ...batch.updates], rows: [...rowsBefore, ...rows] };
  }
}

function noPlace(): StoreError {
  return new StoreError("unavailable", "The batch has found no place in the database.");
}

/** Whether a batch begins with the same updates. */
function repeats({ updates }: PackedBatch, stored: StoredUpdates): boolean {
  return stored.updates.every((update, index) => updates[index] === update);
}
