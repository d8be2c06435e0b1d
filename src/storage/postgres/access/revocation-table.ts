import type { SQL } from "bun";
import type { Revocation, RevocationLog } from "../../../auth/revocation.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import { parseRevocation, revocationText } from "../../revocation-text.ts";
import { StoreError } from "../../store.ts";
import { repeatWhileBroken, translateErrors } from "../postgres-errors.ts";
import { transact } from "../transact.ts";
import { countChange, type TableCopy } from "./counted-table.ts";
import { answeredSoon } from "./deadline.ts";

export interface RevocationTableOptions {
  readonly pool: SQL;
  readonly clock: Pick<Clock, "now" | "after">;
  /** Called when a change is committed. */
  readonly changed: () => void;
}

/** The rows that are read at once. */
const pageSize = 1_000;
/** At more than this number in memory, those that are not in force any more are dropped. */
const prunedRevocations = 1_000;
/** The time from one removal of ended rows to the next. */
const removalMs = 3_600_000;

/**
 * The revocation log in a table that nodes share. Every node has all revocations in memory.
 *
 * A revocation has an id of its own: it is appended once, whatever happens to the connection. One that only this node has
 * left, because a standby without the last commits has taken over, is appended again.
 */
export class RevocationTable implements RevocationLog, TableCopy {
  readonly table = "revocations";
  readonly #options: RevocationTableOptions;
  /** The revocations by id, in the order of their versions; those of this node may come earlier. */
  readonly #known = new Map<string, Revocation>();
  #version = 0;
  #prunedAt = prunedRevocations;
  #removedAt = Number.NEGATIVE_INFINITY;
  #learned: (revocations: readonly Revocation[]) => void = () => {};

  constructor(options: RevocationTableOptions) {
    this.#options = options;
  }

  load(): readonly Revocation[] {
    const now = this.#options.clock.now();
    return [...this.#known.values()].filter(({ until }) => now < until);
  }

  follow(learned: (revocations: readonly Revocation[]) => void): void {
    this.#learned = learned;
  }

  /** Rejects with `StoreError` when it is not known to be stored within 5 s. */
  async append(revocation: Revocation): Promise<void> {
    const id = crypto.randomUUID();
    this.#known.set(id, revocation);
    await answeredSoon(this.#insert(id, revocation), this.#options.clock);
    this.#options.changed();
    this.#prune();
    this.#removeEnded();
  }

  get version(): number {
    return this.#version;
  }

  async refresh(version: number): Promise<void> {
    if (version === this.#version) return;
    for (let isFull = true; isFull; ) {
      const rows = await repeatWhileBroken(() => readPage(this.#version, this.#options.pool));
      this.#learn(rows);
      isFull = rows.length === pageSize;
    }
    // Rows that have ended meanwhile are removed.
    this.#version = Math.max(this.#version, version);
    this.#prune();
  }

  /** Reports all rows that can be read. Throws `StoreError` if there is another one, and reads from there the next time. */
  #learn(rows: readonly RevocationRow[]): void {
    const learned: Revocation[] = [];
    let unreadable: string | undefined;
    for (const { content, id, version } of rows) {
      const revocation = this.#known.get(id) ?? parseRevocation(content);
      if (revocation === undefined) unreadable ??= id;
      else if (!this.#known.has(id)) learned.push(revocation);
      if (revocation !== undefined) this.#known.set(id, revocation);
      if (unreadable === undefined) this.#version = Math.max(this.#version, version);
    }
    if (learned.length > 0) this.#learned(learned);
    if (unreadable === undefined) return;
    // Without it, revoked tokens would be accepted.
    throw new StoreError("corrupt", `The row ${unreadable} of yurt_revocations is invalid.`);
  }

  /** Appends the revocations again that the table has lost. */
  async distrust(): Promise<void> {
    const { clock, pool } = this.#options;
    const rows = await repeatWhileBroken(() => pool<{ readonly id: string }[]>`SELECT id FROM yurt_revocations`);
    const kept = new Set(rows.map(({ id }) => id));
    const now = clock.now();
    const lost = [...this.#known].filter(([id, { until }]) => !kept.has(id) && now < until);
    for (const [id, revocation] of lost) await this.#insert(id, revocation);
    this.#version = 0;
    if (lost.length > 0) this.#options.changed();
  }

  #insert(id: string, revocation: Revocation): Promise<void> {
    const insert = (transaction: SQL) => insertRevocation(id, revocation, transaction);
    return translateErrors(() => repeatWhileBroken(() => transact(this.#options.pool, insert)));
  }

  #prune(): void {
    if (this.#known.size <= this.#prunedAt) return;
    const now = this.#options.clock.now();
    for (const [id, { until }] of this.#known) if (until <= now) this.#known.delete(id);
    this.#prunedAt = Math.max(prunedRevocations, 2 * this.#known.size);
  }

  /** Removes rows that have ended, by the clock of the database, at most once an hour. */
  #removeEnded(): void {
    const { clock, pool } = this.#options;
    const now = clock.now();
    if (now - this.#removedAt < removalMs) return;
    this.#removedAt = now;
    // After a failure, the rows are removed an hour later.
    void pool`DELETE FROM yurt_revocations WHERE until < extract(epoch FROM now()) * 1000`.catch(() => {});
  }
}

/** Inserts a revocation in a transaction, unless there is one with this id. */
export async function insertRevocation(id: string, revocation: Revocation, transaction: SQL): Promise<void> {
  const version = await countChange("revocations", transaction);
  await transaction`
    INSERT INTO yurt_revocations (id, version, content, until)
    VALUES (${id}, ${version}::bigint, ${revocationText(revocation)}, ${endOf(revocation)}::bigint)
    ON CONFLICT (id) DO NOTHING`;
}

interface RevocationRow {
  readonly id: string;
  readonly version: number;
  readonly content: string;
}

/** Whole milliseconds that a column can hold. */
function endOf({ until }: Revocation): number {
  return Math.min(Math.ceil(until), Number.MAX_SAFE_INTEGER);
}

async function readPage(after: number, sql: SQL): Promise<readonly RevocationRow[]> {
  return await sql<RevocationRow[]>`
    SELECT id, version::float8, content FROM yurt_revocations WHERE version > ${after}::bigint
    ORDER BY version LIMIT ${pageSize}`;
}
