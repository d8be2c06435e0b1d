import type { SQL } from "bun";
import { systemClock } from "../../lib/time/clock.ts";

/** The time after which `LISTEN` is tried again. */
const retryMs = 1_000;

/** One registration of `SQL.listen`, which outlives the connections. */
interface Registration {
  readonly channel: string;
  readonly notified: (payload: string) => void;
  readonly listening: (() => void) | undefined;
  subscription: SQL.ListenSubscription | undefined;
  isEnded: boolean;
}

/**
 * A pool of connections that can all be given up at once, when their other end does not answer any more. The runtime by
 * itself waits for the keepalive of TCP, a minute.
 */
export class RenewableSql {
  /** Uses the connections of the moment, whenever it is called. */
  readonly sql: SQL;
  readonly #open: () => SQL;
  #current: SQL;
  readonly #registrations = new Set<Registration>();
  #isClosed = false;

  constructor(open: () => SQL) {
    this.#open = open;
    this.#current = open();
    this.sql = new Proxy(this.#current, {
      apply: (_target, _self, args) => Reflect.apply(this.#current, undefined, args),
      get: (_target, key) => this.#property(key),
    });
  }

  /**
   * Gives up the connections: statements that run or wait reject as if the connections had broken, and those that follow
   * have new ones. Listeners are told when they listen again.
   */
  renew(): void {
    if (this.#isClosed) return;
    const former = this.#current;
    this.#current = this.#open();
    void former.close({ timeout: 0 }).catch(() => {});
    for (const registration of this.#registrations) {
      registration.subscription = undefined;
      void this.#listenAgain(registration, this.#current);
    }
  }

  /** Closes the connections now: statements that run or wait reject, and those that follow. */
  giveUp(): void {
    this.#isClosed = true;
    void this.#current.close({ timeout: 0 }).catch(() => {});
  }

  /** Resolves when the statements that run have ended and the connections are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#current.close();
  }

  #property(key: string | symbol): unknown {
    if (key === "listen") return this.#listen;
    const value: unknown = Reflect.get(this.#current, key);
    return typeof value === "function" ? value.bind(this.#current) : value;
  }

  readonly #listen: SQL["listen"] = async (channel, notified, listening) => {
    const registration: Registration = { channel, notified, listening, subscription: undefined, isEnded: false };
    await this.#subscribe(registration, this.#current);
    this.#registrations.add(registration);
    const unlisten = async () => {
      registration.isEnded = true;
      this.#registrations.delete(registration);
      await registration.subscription?.unlisten();
    };
    return { channel, unlisten, [Symbol.asyncDispose]: unlisten };
  };

  async #subscribe(registration: Registration, sql: SQL): Promise<void> {
    const { channel, listening, notified } = registration;
    const subscription = await sql.listen(channel, notified, listening);
    if (sql === this.#current && !registration.isEnded) registration.subscription = subscription;
    else await subscription.unlisten();
  }

  /** Never rejects. */
  async #listenAgain(registration: Registration, sql: SQL): Promise<void> {
    try {
      await this.#subscribe(registration, sql);
    } catch {
      systemClock.after(retryMs, () => {
        if (sql === this.#current && !registration.isEnded && !this.#isClosed)
          void this.#listenAgain(registration, sql);
      });
    }
  }
}
