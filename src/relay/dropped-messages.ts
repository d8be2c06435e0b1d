import type { LimitedLog } from "../ops/limited-log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Connection } from "../transport/connection.ts";

/** The bounds beyond which a message is dropped: options, and the highest clock of awareness, which is a constant. */
export type MessageBound =
  | "limits.awareness-frame-bytes"
  | "limits.awareness-state-length"
  | "limits.awareness-length"
  | "limits.awareness-clients"
  | "limits.stateless-length"
  | "limits.relay-frame-bytes"
  | "awareness-clock";

export interface DroppedMessagesOptions {
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
}

/**
 * Counts and logs the messages that are dropped at a bound while their session goes on: presence and other messages
 * beside the document must not keep a client from editing.
 *
 * Each drop is counted. The first of each connection and bound is logged: clients send a state again every 15 s, and
 * WebRTC peers pass it on.
 */
export class DroppedMessages {
  readonly #metrics: Metrics;
  readonly #log: LimitedLog;
  readonly #logged = new WeakMap<Connection, Set<MessageBound>>();

  constructor({ limitedLog, metrics }: DroppedMessagesOptions) {
    this.#metrics = metrics;
    this.#log = limitedLog;
  }

  /** `detail` gives the size that is beyond the bound; it must not quote content. */
  report(connection: Connection, bound: MessageBound, detail: string): void {
    this.#metrics.droppedMessages.inc({ bound });
    const logged = this.#logged.get(connection);
    if (logged === undefined) this.#logged.set(connection, new Set([bound]));
    else if (logged.has(bound)) return;
    else logged.add(bound);
    this.#log.info({ event: "message-dropped", reason: bound, detail });
  }
}
