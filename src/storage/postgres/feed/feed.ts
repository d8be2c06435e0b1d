import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import type { RowId, StoreFollower } from "../../store.ts";
import { repeatWhileBroken } from "../postgres-errors.ts";
import { Doorbell } from "./doorbell.ts";
import { type Heads, readBatches, readHeads, readTimeline, removeRead } from "./read-feed.ts";

export interface FeedOptions {
  readonly pool: SQL;
  readonly clock: Pick<Clock, "after" | "elapsedMs">;
  readonly follower: StoreFollower;
  /** All writers that this node has had. Grows before they write. */
  readonly ownWriters: ReadonlySet<number>;
  /** By writer of this node: the last batch that the database must have. */
  readonly ownHeads: () => ReadonlyMap<number, number>;
  /** Called before the follower is told that the database has lost changes. Rejects if that is to be tried again. */
  readonly restore: () => Promise<void>;
  /** Called with each row that is read. */
  readonly seen: (row: RowId) => void;
  /** Called with the number of batches for which the doorbell has not rung. */
  readonly repaired: (batches: number) => void;
}

/** Without a ring the writers are looked at after this time: a connection that listens may break unnoticed. */
const intervalMs = 1_000;
/** Changes are kept for so long. A node that has read nothing for half of it does not know what it has missed. */
const keptMs = 10 * 60_000;
/** The batches that are read at once. */
const batchesAtOnce = 50;
/** The time from one removal to the next. */
const removalMs = 60_000;

/**
 * Reads what the writers of other nodes have committed, each from the batch at which it was left. It looks when the
 * doorbell rings, and once a second.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #doorbell: Doorbell;
  /** The last batch that was read, by writer. */
  #cursors = new Map<number, number>();
  /** The time of the last complete reading, by the clock of the database. */
  #readAt = 0;
  #startedAt = 0;
  #timeline: string | undefined;
  /** The database may have lost changes, and the follower is still to be told: attempts to restore them have failed. */
  #isReverted = false;
  /** The time of the last removal, likewise. */
  #removedAt = 0;
  #running: Promise<void> | undefined;
  #isDue = false;
  /** The doorbell has rung since the last look. */
  #hasRung = false;
  /** When everything was read that was committed, by `Clock.elapsedMs`. */
  #caughtUpAt = 0;
  #lagBatches = 0;
  #isClosed = false;
  #cancel: (() => void) | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#doorbell = new Doorbell("yurt", options.pool);
  }

  /** Resolves when everything that is committed from then on will be reported. Rejects as `Doorbell.listen`. */
  async start(): Promise<void> {
    await this.#begin();
    const rung = () => {
      this.#hasRung = true;
      this.#look();
    };
    await this.#doorbell.listen(rung, this.#options.clock);
    this.#look();
  }

  /** Tells the other nodes that this one has committed something. */
  committed(): void {
    this.#doorbell.ring();
  }

  /** The time since everything was read that was committed. */
  get behindMs(): number {
    return this.#options.clock.elapsedMs() - this.#caughtUpAt;
  }

  /** The batches of other nodes that are known to be committed, and not read. */
  get lagBatches(): number {
    return this.#lagBatches;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#doorbell.close();
    await this.#running;
  }

  async #begin(): Promise<void> {
    const { pool } = this.#options;
    this.#timeline = await repeatWhileBroken(() => readTimeline(pool));
    this.#beginAt(await repeatWhileBroken(() => readHeads(pool)));
    this.#isReverted = false;
  }

  #beginAt({ at, byWriter, startedAt }: Heads): void {
    this.#readAt = at;
    this.#startedAt = startedAt;
    this.#cursors = new Map(byWriter);
    this.#caughtUp();
  }

  #caughtUp(): void {
    this.#lagBatches = 0;
    this.#caughtUpAt = this.#options.clock.elapsedMs();
  }

  /** Reads now, or once more when the reading under way has ended. */
  #look(): void {
    this.#isDue = true;
    if (this.#running !== undefined || this.#isClosed) return;
    this.#cancel?.();
    this.#running = this.#readWhileDue().finally(() => {
      this.#running = undefined;
      if (!this.#isClosed) this.#cancel = this.#options.clock.after(intervalMs, () => this.#look());
    });
  }

  /** Never rejects: while the database is out of reach, the next look tries again. */
  async #readWhileDue(): Promise<void> {
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.#read();
      }
    } catch {
      // The cursors say what has been read.
    }
  }

  async #read(): Promise<void> {
    const { follower, ownWriters, pool } = this.#options;
    const hasRung = this.#hasRung;
    this.#hasRung = false;
    const ownHeads = this.#options.ownHeads();
    const heads = await repeatWhileBroken(() => readHeads(pool));
    if (await this.#hasLost(heads, ownHeads)) {
      this.#isReverted = true;
      await this.#options.restore();
      await this.#begin();
      follower.reverted();
      return;
    }
    if (heads.at - this.#readAt > keptMs / 2) {
      this.#beginAt(heads);
      follower.missed();
      return;
    }
    const others = [...heads.byWriter].filter(([writer]) => !ownWriters.has(writer));
    this.#lagBatches = others.reduce((sum, [writer, head]) => sum + head - (this.#cursors.get(writer) ?? 0), 0);
    if (!hasRung && this.#lagBatches > 0) this.#options.repaired(this.#lagBatches);
    await allEnded(others.map(([writer, head]) => this.#readWriter(writer, head)));
    for (const writer of this.#cursors.keys()) if (!heads.byWriter.has(writer)) this.#cursors.delete(writer);
    this.#readAt = heads.at;
    this.#caughtUp();
    if (heads.at - this.#removedAt < removalMs) return;
    this.#removedAt = heads.at;
    await removeRead(keptMs, pool);
  }

  /**
   * Whether the database may have lost changes that were committed: a standby without the last ones has taken over, or a
   * backup was restored.
   */
  async #hasLost({ byWriter, startedAt }: Heads, ownHeads: ReadonlyMap<number, number>): Promise<boolean> {
    if (this.#isReverted) return true;
    // Writers that have not written for long are removed.
    for (const [writer, cursor] of this.#cursors) if ((byWriter.get(writer) ?? cursor) < cursor) return true;
    for (const [writer, head] of ownHeads) if ((byWriter.get(writer) ?? 0) < head) return true;
    if (startedAt === this.#startedAt) return false;
    const timeline = await repeatWhileBroken(() => readTimeline(this.#options.pool));
    const isSame = timeline !== undefined && timeline === this.#timeline;
    if (isSame) this.#startedAt = startedAt;
    return !isSame;
  }

  async #readWriter(writer: number, head: number): Promise<void> {
    const { follower, pool } = this.#options;
    let after = this.#cursors.get(writer) ?? 0;
    while (after < head && !this.#isClosed) {
      const until = Math.min(head, after + batchesAtOnce);
      const range = { writer, after, until };
      const { changes, updates } = await repeatWhileBroken(() => readBatches(range, pool));
      for (const { row } of updates) this.#options.seen(row);
      if (updates.length > 0) follower.appended(updates);
      for (const { document, kind } of changes) follower.changed(document, kind);
      this.#cursors.set(writer, until);
      this.#lagBatches -= until - after;
      after = until;
    }
  }
}

/** Rejects when all have ended, if one has failed: none of them goes on beside the next reading. */
async function allEnded(tasks: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(tasks);
  for (const task of ended) if (task.status === "rejected") throw task.reason;
}
