import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import { Doorbell } from "../feed/doorbell.ts";
import { repeatWhileBroken } from "../postgres-errors.ts";
import { readVersions, type TableCopy } from "./counted-table.ts";

export interface AccessFeedOptions {
  readonly pool: SQL;
  readonly clock: Pick<Clock, "after" | "elapsedMs">;
  readonly copies: readonly TableCopy[];
}

/** Without a ring the versions are looked at after this time: a connection that listens may break unnoticed. */
const intervalMs = 1_000;
/** Copies that were not compared with their tables for so long may lack changes. */
const currentMs = 5_000;

/**
 * Keeps the copies of the counted tables up to date: looks at the versions when another node rings, and once a second. While
 * the database is out of reach the copies stay as they are.
 */
export class AccessFeed {
  readonly #options: AccessFeedOptions;
  readonly #doorbell: Doorbell;
  /** When the copies were last compared with their tables, on the monotonic clock. */
  #comparedAt = Number.NEGATIVE_INFINITY;
  #serverStartedAt: number | undefined;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;
  #cancel: (() => void) | undefined;

  constructor(options: AccessFeedOptions) {
    this.#options = options;
    this.#doorbell = new Doorbell("yurt_access", options.pool);
  }

  /** Whether the copies were compared with their tables within the last 5 s. */
  get isCurrent(): boolean {
    return this.#options.clock.elapsedMs() - this.#comparedAt <= currentMs;
  }

  /** Brings the copies up to date. Rejects with the error of Postgres. */
  async refresh(): Promise<void> {
    const { clock, copies, pool } = this.#options;
    const startedAt = clock.elapsedMs();
    const { byTable, serverStartedAt } = await repeatWhileBroken(() => readVersions(pool));
    // A standby without the last commits may have taken over, and have as many others by now.
    const isOther = this.#serverStartedAt !== undefined && this.#serverStartedAt !== serverStartedAt;
    for (const copy of copies) {
      const version = byTable.get(copy.table) ?? 0;
      if (isOther || version < copy.version) await copy.distrust();
      await copy.refresh(version);
    }
    this.#serverStartedAt = serverStartedAt;
    this.#comparedAt = startedAt;
  }

  /** Resolves when every later change of another node will be seen. Rejects as `Doorbell.listen`. */
  async start(): Promise<void> {
    await this.#doorbell.listen(() => this.#look(), this.#options.clock);
    this.#look();
  }

  /** Tells the other nodes of a change. */
  readonly changed = (): void => this.#doorbell.ring();

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#doorbell.close();
    await this.#running;
  }

  /** Looks now, or once more when the look under way has ended. */
  #look(): void {
    this.#isDue = true;
    if (this.#running !== undefined || this.#isClosed) return;
    this.#cancel?.();
    this.#running = this.#lookWhileDue().finally(() => {
      this.#running = undefined;
      if (!this.#isClosed) this.#cancel = this.#options.clock.after(intervalMs, () => this.#look());
    });
  }

  /** Never rejects: while the database is out of reach, the next look tries again. */
  async #lookWhileDue(): Promise<void> {
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.refresh();
      }
    } catch {
      // The copies say what they have.
    }
  }
}
