import type { SQL } from "bun";
import { backoffMs } from "../../../lib/backoff.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { Connections } from "../connections.ts";

export interface BusConnectionsOptions {
  readonly database: Pick<Connections, "openSeparate">;
  readonly channel: string;
  readonly clock: Pick<Clock, "after">;
  heard(payload: string): void;
  /** The channel is listened to, for the first time or again. */
  opened(): void;
}

const retry = { firstMs: 50, maxMs: 1_000 };

/**
 * Two connections of the bus, one that listens and one that sends: no other statement delays a message. When one of them
 * breaks, both are opened anew, until `close`.
 */
export class BusConnections {
  readonly #options: BusConnectionsOptions;
  #sql: SQL | undefined;
  #isListening = false;
  #failures = 0;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: BusConnectionsOptions) {
    this.#options = options;
    this.#open();
  }

  /** Undefined unless the channel is listened to. */
  get sql(): SQL | undefined {
    return this.#isListening ? this.#sql : undefined;
  }

  /** Opens the connections anew. Statements that run are rejected. */
  renew(): void {
    if (this.#isClosed) return;
    this.#drop();
    this.#cancel?.();
    this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#drop();
  }

  #open(): void {
    const { channel, database, heard, opened } = this.#options;
    const broken = () => this.#broken(sql);
    const sql = database.openSeparate(broken);
    this.#sql = sql;
    const listening = () => {
      if (this.#sql !== sql) return;
      this.#isListening = true;
      this.#failures = 0;
      opened();
    };
    const receive = (payload: string) => {
      if (this.#sql === sql) heard(payload);
    };
    void sql.listen(channel, receive, listening).catch(broken);
  }

  #broken(sql: SQL): void {
    if (this.#sql !== sql || this.#isClosed) return;
    this.#drop();
    this.#failures += 1;
    this.#cancel = this.#options.clock.after(backoffMs(this.#failures, retry), () => this.#open());
  }

  /** Closes the connections without waiting for what they do: they may be stuck. */
  #drop(): void {
    const sql = this.#sql;
    this.#sql = undefined;
    this.#isListening = false;
    void sql?.close({ timeout: 0 }).catch(() => {});
  }
}
