import type { SQL } from "bun";

/** The channel of all stores in a database. */
const channel = "yurt";

/**
 * Tells other nodes that there is something to read, in a transaction of its own: commits that notify wait for each other.
 * A ring that is lost only delays them.
 */
export class Doorbell {
  readonly #pool: SQL;
  /** Tells the node's own rings from others. */
  readonly #name = crypto.randomUUID();
  #subscription: SQL.ListenSubscription | undefined;
  #isRinging = false;
  #isDue = false;

  constructor(pool: SQL) {
    this.#pool = pool;
  }

  /** Has `rung` called with every ring of another node, and when rings may have been lost. */
  async listen(rung: () => void): Promise<void> {
    const heard = (name: string) => {
      if (name !== this.#name) rung();
    };
    this.#subscription = await this.#pool.listen(channel, heard, rung);
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
      await this.#pool.notify(channel, this.#name).catch(() => {});
    }
    this.#isRinging = false;
  }
}
