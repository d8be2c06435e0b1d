import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import type { FollowedUpdate, RowId, StoreFollower } from "../../store.ts";
import { channelOf } from "../channel.ts";
import type { BatchPlace } from "../documents/insert-batch.ts";
import type { PackedBatch } from "../documents/packed-batch.ts";
import { repeatWhileBroken } from "../postgres-errors.ts";
import type { AnnouncedBatch } from "./announced-batch.ts";
import { Announcements } from "./announcements.ts";
import { Doorbell } from "./doorbell.ts";
import { type Heads, readBatches, readHeads, readTimeline, removeRead } from "./read-feed.ts";

export interface FeedOptions {
  readonly pool: SQL;
  /** The connection of the appends. A batch is announced before the next one. */
  readonly writer: SQL;
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
  /** Called with the number of batches that were neither announced nor rung for. */
  readonly repaired: (batches: number) => void;
}

/** Without a ring the writers are looked at after this time: a connection that listens may break unnoticed. */
const intervalMs = 1_000;
/** A look without a ring mostly finds what is on its way: it is read if it has not arrived after this time. */
const announcedWithinMs = 100;
/** The announced batches that wait for a reading to end. */
const mostEarly = 1_000;
/** Changes are kept for so long. A node that has read nothing for half of it does not know what it has missed. */
const keptMs = 10 * 60_000;
/** The batches that are read at once. */
const batchesAtOnce = 50;
/** The time from one removal to the next. */
const removalMs = 60_000;

/**
 * Reports what the writers of other nodes have committed, each from the batch at which it was left. A batch that is announced
 * with its updates is reported as it is, if it is the next one of its writer. Otherwise the feed reads: when the doorbell
 * rings, when an announced batch is not the next one, and when a look, once a second, finds batches that do not arrive.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #doorbell: Doorbell;
  /** Undefined before the start. */
  #announcements: Announcements | undefined;
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
  /** The doorbell has rung since the last look, a batch is missing, or the last look has failed. */
  #hasRung = false;
  /** The heads that the last look has found without a ring. */
  #expected: Heads["byWriter"] | undefined;
  /** Batches that were announced during a reading. */
  #early: AnnouncedBatch[] = [];
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
    await this.#doorbell.listen(() => this.#lookAtOnce(), this.#options.clock);
    await this.#announce();
    this.#look();
  }

  /** Tells the other nodes that this one has committed something. */
  committed(): void {
    this.#doorbell.ring();
  }

  /** Tells the other nodes what this one has committed: a batch, with its rows. */
  appended(place: BatchPlace, batch: PackedBatch, rows: readonly RowId[]): void {
    if (this.#announcements === undefined) this.#doorbell.ring();
    else this.#announcements.announce(place, batch, rows);
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
    await Promise.all([this.#doorbell.close(), this.#announcements?.close()]);
    await this.#running;
  }

  async #announce(): Promise<void> {
    const { pool, writer } = this.#options;
    const channel = await repeatWhileBroken(() => channelOf("batches", pool));
    const announcements = new Announcements({ channel, pool, writer, dropped: () => this.#doorbell.ring() });
    await announcements.listen((batches) => {
      if (batches === undefined) this.#lookAtOnce();
      else this.#announced(batches);
    });
    this.#announcements = announcements;
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
    this.#expected = undefined;
    this.#early = [];
    this.#caughtUp();
  }

  #caughtUp(): void {
    this.#lagBatches = 0;
    this.#caughtUpAt = this.#options.clock.elapsedMs();
  }

  /** Reports batches that are the next ones of their writers, or reads when they are not. */
  #announced(batches: readonly AnnouncedBatch[]): void {
    for (const batch of batches) {
      if (this.#running === undefined) this.#report(batch);
      else if (this.#early.length < mostEarly) this.#early.push(batch);
      else this.#lookAtOnce();
    }
  }

  #report({ place: { number, writer }, updates }: AnnouncedBatch): void {
    const cursor = this.#cursors.get(writer);
    if (this.#isClosed || (cursor !== undefined && number <= cursor)) return;
    // A node has another writer after the database has lost something, which is to be noticed first. And after a reading that
    // has failed, the batch may be earlier than what is reported of other writers: its document may be purged.
    if (number - 1 !== cursor || this.#hasRung) {
      this.#lookAtOnce();
      return;
    }
    this.#appended(updates);
    this.#cursors.set(writer, number);
  }

  #appended(updates: readonly FollowedUpdate[]): void {
    const { follower, seen } = this.#options;
    for (const { row } of updates) seen(row);
    if (updates.length > 0) follower.appended(updates);
  }

  #lookAtOnce(): void {
    this.#hasRung = true;
    this.#look();
  }

  /** Reads now, or once more when the reading under way has ended. */
  #look(): void {
    this.#isDue = true;
    if (this.#running !== undefined || this.#isClosed) return;
    this.#cancel?.();
    this.#running = this.#readWhileDue().finally(() => {
      this.#running = undefined;
      if (this.#isClosed) return;
      const waitMs = this.#expected === undefined ? intervalMs : announcedWithinMs;
      this.#cancel = this.#options.clock.after(waitMs, () => this.#look());
      this.#announced(this.#early.splice(0));
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
      this.#hasRung = true;
    }
  }

  async #read(): Promise<void> {
    const { follower, pool } = this.#options;
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
    this.#lagBatches = countBatches(this.#unread(heads.byWriter));
    if (hasRung) this.#expected = undefined;
    const toRead = hasRung ? this.#unread(heads.byWriter) : this.#late(heads.byWriter);
    await allEnded(toRead.map((unread) => this.#readWriter(unread)));
    for (const writer of this.#cursors.keys()) if (!heads.byWriter.has(writer)) this.#cursors.delete(writer);
    if (this.#expected === undefined) {
      this.#readAt = heads.at;
      this.#caughtUp();
    }
    if (heads.at - this.#removedAt < removalMs) return;
    this.#removedAt = heads.at;
    await removeRead(keptMs, pool);
  }

  /** The writers of which not all batches are reported. */
  #unread(heads: Heads["byWriter"]): readonly Unread[] {
    return [...heads].flatMap(([writer, head]) => {
      const batches = head - (this.#cursors.get(writer) ?? 0);
      return batches > 0 && !this.#options.ownWriters.has(writer) ? [{ writer, head, batches }] : [];
    });
  }

  /** The writers to read after a look without a ring: none if what they have committed is new, or has arrived meanwhile. */
  #late(heads: Heads["byWriter"]): readonly Unread[] {
    const expected = this.#expected;
    const unread = this.#unread(heads);
    this.#expected = expected === undefined && unread.length > 0 ? heads : undefined;
    const late = expected === undefined ? 0 : countBatches(this.#unread(expected));
    if (late === 0) return [];
    this.#options.repaired(late);
    return unread;
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

  async #readWriter({ head, writer }: Unread): Promise<void> {
    const { follower, pool } = this.#options;
    let after = this.#cursors.get(writer) ?? 0;
    while (after < head && !this.#isClosed) {
      const until = Math.min(head, after + batchesAtOnce);
      const range = { writer, after, until };
      const { changes, updates } = await repeatWhileBroken(() => readBatches(range, pool));
      this.#appended(updates);
      for (const { document, kind } of changes) follower.changed(document, kind);
      this.#cursors.set(writer, until);
      this.#lagBatches -= until - after;
      after = until;
    }
  }
}

/** A writer of which not all batches are reported. */
interface Unread {
  readonly writer: number;
  /** The number of its last batch. */
  readonly head: number;
  /** The number of batches that are not reported. */
  readonly batches: number;
}

function countBatches(writers: readonly Unread[]): number {
  return writers.reduce((sum, { batches }) => sum + batches, 0);
}

/** Rejects when all have ended, if one has failed: none of them goes on beside the next reading. */
async function allEnded(tasks: readonly Promise<void>[]): Promise<void> {
  const ended = await Promise.allSettled(tasks);
  for (const task of ended) if (task.status === "rejected") throw task.reason;
}
