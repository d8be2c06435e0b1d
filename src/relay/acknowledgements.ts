import type { Clock } from "../lib/clock.ts";
import type { Connection } from "../transport/connection.ts";

/**
 * Acknowledgements on their way to the senders of updates, grouped by connection.
 *
 * Sent one by one among the publishes they would cost most of all that the relay does: each direct send writes out what
 * was published to that socket before, and so undoes the batching of a turn's writes (6 µs per delivery instead of 1).
 */
export class Acknowledgements {
  readonly #clock: Clock;
  #waiting = new Map<Connection, (() => void)[]>();
  #isDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `send`, which sends to `connection`, is called with the next `flush`, at the end of the turn at the latest. */
  add(connection: Connection, send: () => void): void {
    const sends = this.#waiting.get(connection);
    if (sends === undefined) this.#waiting.set(connection, [send]);
    else sends.push(send);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#clock.afterTurn(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [connection, sends] of waiting) {
      connection.cork(() => {
        for (const send of sends) send();
      });
    }
  }
}
