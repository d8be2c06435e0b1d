import type { SQL } from "bun";
import type { Clock } from "../../../lib/time/clock.ts";
import { DatabaseUnusable } from "../database-unusable.ts";

/** A notification arrives in milliseconds, on a busy machine in seconds, or never. */
const deadlineMs = 10_000;
/** The time after which the probe rings again: its connection may have been broken. */
const probeAgainMs = 1_000;

/**
 * Tells other nodes that there is something to read, in a transaction of its own: commits that notify wait for each other.
 * A ring that is lost only delays them.
 */
export class Doorbell {
  readonly #channel: string;
  readonly #pool: SQL;
  /** Tells the node's own rings from others. */
  readonly #name = crypto.randomUUID();
  #subscription: SQL.ListenSubscription | undefined;
  #isRinging = false;
  #isDue = false;

  /** All doorbells of a channel in a database hear each other. */
  constructor(channel: string, pool: SQL) {
    this.#channel = channel;
    this.#pool = pool;
  }

  /**
   * Has `rung` called with every ring of another node, and when rings may have been lost. Resolves when a ring of its own
   * has arrived.
   *
   * Rejects with `DatabaseUnusable` if it does not: a pooler that gives each transaction another connection accepts `LISTEN`, and
   * forgets it.
   */
  async listen(rung: () => void, clock: Pick<Clock, "after">): Promise<void> {
    const probe = Promise.withResolvers<void>();
    const heard = (name: string) => {
      if (name === this.#name) probe.resolve();
      else rung();
    };
    this.#subscription = await this.#pool.listen(this.#channel, heard, rung);
    const cancelDeadline = clock.after(deadlineMs, () => probe.reject(unheard()));
    let cancelRing = () => {};
    const ring = () => {
      this.ring();
      cancelRing = clock.after(probeAgainMs, ring);
    };
    ring();
    try {
      await probe.promise;
    } finally {
      cancelDeadline();
      cancelRing();
    }
  }

  /** Rings now, or once more when the ring under way has ended. */
  ring(): void {
    this.#isDue = true;
    if (!this.#isRinging) void this.#ring();
  }

  async close(): Promise<void> {
    await this.#subscription?.unlisten();
  }

  async #ring(): Promise<void> {
    this.#isRinging = true;
    while (this.#isDue) {
      this.#isDue = false;
      await this.#pool.notify(this.#channel, this.#name).catch(() => {});
    }
    this.#isRinging = false;
  }
}

function unheard(): DatabaseUnusable {
  const remedy = "Connect to Postgres itself, and not to a transaction pooler, such as PgBouncer in transaction mode.";
  return new DatabaseUnusable(`Postgres does not deliver notifications. ${remedy}`);
}
