import type { SQL } from "bun";
import type { Clock } from "../../lib/time/clock.ts";
import type { Connections } from "./connections.ts";

export interface NodeSessionOptions {
  readonly database: Pick<Connections, "openSeparate" | "renew" | "giveUp">;
  readonly clock: Pick<Clock, "after" | "elapsedMs">;
  /** Whether this node does work for all nodes. */
  readonly mayLead: boolean;
}

/** The time from one question to the next. */
const intervalMs = 1_000;
/**
 * A database that has not answered for so many intervals will not: all connections to it are given up. A node that was
 * frozen has counted none, and its answer may be there.
 */
const deadlineIntervals = 10;
/** While the node stops, a database that has not answered for so long is given up for good. */
const stoppingMs = 3_000;
/** A node that was frozen does not know whether it still leads: it does not after this time without an answer. */
const leaseMs = 3_000;
/** The session of a frozen node is ended by Postgres after this time without a question, so that another node leads. */
const idleTimeout = "8s";

/** Locks with two keys are never those of documents, which have one. */
const leadLocks = 831_701;

interface Answer {
  /** The process of Postgres that serves the session. */
  readonly backend: number;
  readonly leads: boolean;
}

/**
 * A connection of a node that asks the database once a second whether it answers. One of these sessions, and so one node,
 * holds a lock: it leads, and does what is to be done once for the whole database.
 *
 * When the node or its connection ends, Postgres frees the lock, and another node leads within about a second.
 */
export class NodeSession implements AsyncDisposable {
  readonly #options: NodeSessionOptions;
  #sql: SQL;
  #answeredAt: number;
  /** The backend that holds the lock for this node. */
  #leader: number | undefined;
  /** The intervals for which a question has waited for its answer. */
  #waitedIntervals = 0;
  #asking: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isStopping = false;
  #isClosed = false;
  #leadChanged: () => void = () => {};
  #wasLeading = false;

  /** Resolves with the first answer. Rejects with the error of Postgres. */
  static async open(options: NodeSessionOptions): Promise<NodeSession> {
    const session = new NodeSession(options);
    try {
      session.#took(await session.#ask());
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
    session.#schedule();
    return session;
  }

  private constructor(options: NodeSessionOptions) {
    this.#options = options;
    this.#sql = this.#open();
    this.#answeredAt = options.clock.elapsedMs();
  }

  /** The time since the database has answered. */
  get silentMs(): number {
    return this.#options.clock.elapsedMs() - this.#answeredAt;
  }

  get isLeading(): boolean {
    return this.#leader !== undefined && !this.#isClosed && this.silentMs < leaseMs;
  }

  /** Has `task` called whenever this node begins or ceases to lead, the latter within a second or so. Call it once. */
  whenLeadChanges(task: () => void): void {
    this.#wasLeading = this.isLeading;
    this.#leadChanged = task;
  }

  /**
   * The node stops, and waits for the statements that run: from now on they reject, and those that follow, when the database
   * has been silent for 3 s.
   */
  stopping(): void {
    this.#isStopping = true;
    this.#giveUpIfSilent();
  }

  /** Ends the session: another node leads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    this.#report();
    await this.#sql.close({ timeout: 0 });
    await this.#asking;
  }

  #open(): SQL {
    const sql = this.#options.database.openSeparate(() => {
      if (this.#sql === sql) this.#lost();
    });
    return sql;
  }

  /** The lock is gone with the connection. */
  #lost(): void {
    this.#leader = undefined;
    this.#report();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      this.#look();
      this.#schedule();
    });
  }

  #giveUpIfSilent(): void {
    if (this.#isStopping && this.silentMs >= stoppingMs) this.#options.database.giveUp();
  }

  #look(): void {
    this.#report();
    this.#giveUpIfSilent();
    if (this.#asking === undefined) {
      this.#waitedIntervals = 0;
      const asking = this.#askOrLose().finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
      this.#asking = asking;
      return;
    }
    this.#waitedIntervals += 1;
    if (this.#waitedIntervals >= deadlineIntervals) {
      this.#waitedIntervals = 0;
      this.#options.database.renew();
      void this.#sql.close({ timeout: 0 });
      this.#sql = this.#open();
    }
  }

  /** Never rejects. */
  async #askOrLose(): Promise<void> {
    try {
      this.#took(await this.#ask());
      this.#report();
    } catch {
      this.#lost();
    }
  }

  #ask(): Promise<Answer> {
    return ask(this.#sql, { mayLead: this.#options.mayLead, leader: this.#leader });
  }

  #took({ backend, leads }: Answer): void {
    this.#answeredAt = this.#options.clock.elapsedMs();
    this.#leader = leads ? backend : undefined;
  }

  #report(): void {
    const { isLeading } = this;
    if (isLeading === this.#wasLeading) return;
    this.#wasLeading = isLeading;
    this.#leadChanged();
  }
}

/** A session that holds the lock already does not take it again. */
async function ask(
  sql: SQL,
  { leader, mayLead }: Pick<NodeSessionOptions, "mayLead"> & { readonly leader: number | undefined },
): Promise<Answer> {
  const [answer] = await sql<Answer[]>`
    SELECT pg_backend_pid() AS backend,
      CASE WHEN NOT ${mayLead}::boolean THEN false WHEN pg_backend_pid() = ${leader ?? 0}::int THEN true
        ELSE pg_try_advisory_lock(${leadLocks}::int, hashtext(current_schema())) END AS leads,
      -- A setting of Postgres 14.
      CASE WHEN current_setting('server_version_num')::int >= 140000
        THEN set_config('idle_session_timeout', ${idleTimeout}::text, false) END`;
  if (answer === undefined) throw new Error("SELECT has returned no row.");
  return answer;
}
