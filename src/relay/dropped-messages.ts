import type { LimitedLog } from "../ops/limited-log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Connection } from "../transport/connection.ts";
import type { AwarenessBound, Drops } from "./awareness/drop-counts.ts";

/** The bounds beyond which a message, or an entry of an awareness update, is dropped. */
export type MessageBound =
  | AwarenessBound
  | "limits.stateless-length"
  | "limits.stateless-document-characters-per-second"
  | "limits.relay-frame-bytes";

export interface DroppedMessagesOptions {
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
}

/**
 * Counts and logs the messages that are dropped at a bound while their session goes on: presence and other messages
 * beside the document must not keep a client from editing.
 *
 * Each drop is counted. The first of each connection and bound is logged, and of the other nodes together: clients send a state again every 15 s, and
 * WebRTC peers pass it on.
 */
export class DroppedMessages {
  readonly #metrics: Metrics;
  readonly #log: LimitedLog;
  readonly #logged = new WeakMap<Connection, Set<MessageBound>>();
  readonly #loggedOfNodes = new Set<MessageBound>();

  constructor({ limitedLog, metrics }: DroppedMessagesOptions) {
    this.#metrics = metrics;
    this.#log = limitedLog;
  }

  /** `detail` gives the size that is beyond the bound; it must not quote content. `count` messages are dropped. */
  report(sender: Connection | "another node", bound: MessageBound, { count, detail }: Drops): void {
    this.#metrics.droppedMessages.inc({ bound }, count);
    this.#metrics.bounds.detailed(bound);
    const logged = this.#loggedOf(sender);
    if (logged.has(bound)) return;
    logged.add(bound);
    this.#log.info({ event: "message-dropped", reason: bound, detail });
  }

  #loggedOf(sender: Connection | "another node"): Set<MessageBound> {
    if (sender === "another node") return this.#loggedOfNodes;
    const logged = this.#logged.get(sender) ?? new Set();
    this.#logged.set(sender, logged);
    return logged;
  }
}
