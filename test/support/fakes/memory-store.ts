import { type Clock, systemClock } from "../../../src/lib/time/clock.ts";
import {
  type Compaction,
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredBase,
  type StoredDocument,
  type StoredUpdate,
  StoreError,
} from "../../../src/storage/store.ts";

interface DocumentLog {
  readonly createdAt: number;
  updatedAt: number;
  sequence: RowId;
  deletedAt: number | undefined;
  base: StoredBase | undefined;
  /** The tail by row, in the order of the appends. */
  readonly tail: Map<RowId, StoredUpdate>;
  readonly quarantined: StoredUpdate[];
}

/** A store that keeps the guarantees of `Store` as long as the process lives. */
export function openMemoryStore(clock: Pick<Clock, "now"> = systemClock): Store {
  return new MemoryStore(clock);
}

class MemoryStore implements Store {
  readonly #logs = new Map<string, DocumentLog>();
  readonly #clock: Pick<Clock, "now">;
  #nextRow: RowId = 1;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    const log = this.#logs.get(document);
    if (log === undefined) return undefined;
    const { base, deletedAt, quarantined, sequence, tail } = log;
    if (deletedAt !== undefined) return { base: undefined, tail: [], quarantined: [], sequence, deletedAt };
    return {
      base: base && { ...copy(base), summary: base.summary && new Uint8Array(base.summary) },
      tail: Array.from(tail.values(), copy),
      quarantined: quarantined.map(copy),
      sequence,
    };
  }

  append(batch: readonly PendingUpdate[]): readonly RowId[] {
    const at = this.#clock.now();
    return batch.map(({ document, update }) => {
      const stored = this.#store(update);
      const log = this.#logs.get(document) ?? emptyLog(at);
      this.#logs.set(document, log);
      log.updatedAt = at;
      log.sequence = stored.row;
      log.tail.set(stored.row, stored);
      return stored.row;
    });
  }

  /** Does nothing: no part of this store outlives the process. */
  async durable(): Promise<void> {}

  async compact(document: string, { base, summary, rows, quarantined }: Compaction): Promise<RowId> {
    const log = this.#logs.get(document);
    const replaced = new Set(rows);
    const isPresent = (row: RowId) => log?.base?.row === row || log?.tail.has(row) === true;
    const baseStays = log?.base !== undefined && !replaced.has(log.base.row);
    if (log === undefined || baseStays || ![...replaced].every(isPresent)) {
      throw new StoreError("unavailable", "The rows to compact have changed.");
    }
    const updates = log.base === undefined ? log.tail : new Map([[log.base.row, log.base], ...log.tail]);
    for (const row of quarantined) {
      const update = updates.get(row);
      if (update !== undefined) log.quarantined.push({ row, update: update.update });
    }
    for (const row of replaced) log.tail.delete(row);
    log.base = { ...this.#store(base), summary: new Uint8Array(summary) };
    return log.base.row;
  }

  async list({ order, prefix = "", state = "present", limit, ...page }: Page): Promise<readonly DocumentInfo[]> {
    const after = order === undefined ? page.after : undefined;
    const isListed = ({ deletedAt }: DocumentLog) =>
      state === "any" || (deletedAt !== undefined) === (state === "deleted");
    return [...this.#logs]
      .filter(([name, log]) => (after === undefined || compareUtf8(name, after) > 0) && isListed(log))
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, log]) => describe(name, log))
      .sort((left, right) => compareUtf8(left.name, right.name))
      .sort((left, right) => (order === undefined ? 0 : rankIn(order, right) - rankIn(order, left)))
      .slice(0, limit);
  }

  async info(document: string): Promise<DocumentInfo | undefined> {
    const log = this.#logs.get(document);
    return log && describe(document, log);
  }

  async delete(document: string): Promise<boolean> {
    const log = this.#logs.get(document);
    if (log !== undefined) log.deletedAt ??= this.#clock.now();
    return log !== undefined;
  }

  async undelete(document: string): Promise<boolean> {
    const log = this.#logs.get(document);
    if (log !== undefined) log.deletedAt = undefined;
    return log !== undefined;
  }

  async purge(document: string, deletedUntil?: number): Promise<boolean> {
    const deletedAt = this.#logs.get(document)?.deletedAt ?? Number.POSITIVE_INFINITY;
    return (deletedUntil === undefined || deletedAt <= deletedUntil) && this.#logs.delete(document);
  }

  /** Does nothing: this store has no files. */
  async scrub(): Promise<void> {}

  async close(): Promise<void> {
    this.#logs.clear();
  }

  #store(update: Uint8Array): StoredUpdate {
    return { row: this.#nextRow++, update: new Uint8Array(update) };
  }
}

function emptyLog(at: number): DocumentLog {
  return {
    createdAt: at,
    updatedAt: at,
    sequence: 0,
    deletedAt: undefined,
    base: undefined,
    tail: new Map(),
    quarantined: [],
  };
}

function copy({ row, update }: StoredUpdate): StoredUpdate {
  return { row, update: new Uint8Array(update) };
}

function describe(name: string, log: DocumentLog): DocumentInfo {
  const updates = log.base === undefined ? [...log.tail.values()] : [log.base, ...log.tail.values()];
  const bytes = updates.reduce((sum, { update }) => sum + update.length, 0);
  const { createdAt, deletedAt, sequence, updatedAt } = log;
  return { name, bytes, rows: updates.length, tailRows: log.tail.size, sequence, createdAt, updatedAt, deletedAt };
}

function rankIn(order: NonNullable<Page["order"]>, { bytes, sequence }: DocumentInfo): number {
  return order === "bytes" ? bytes : sequence;
}

/** Compares by UTF-8 bytes. JavaScript's own order is by UTF-16 units, which differs above U+FFFF. */
function compareUtf8(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
