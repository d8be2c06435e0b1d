import { Gate } from "../../lib/gate.ts";
import { Watermarks } from "../../lib/watermarks.ts";
import { TopicQueue, type TopicQueueOwner } from "./topic-queue.ts";

export interface TopicQueuesOptions {
  /** The number of queued bytes from which the client's further frames are delayed, until half of it is left. */
  readonly limitBytes: number;
  readonly failed: (error: unknown) => void;
  /** The last queue has emptied. */
  readonly emptied: () => void;
}

/** The queues of all topics that one client is joining. */
export class TopicQueues implements TopicQueueOwner {
  readonly #options: TopicQueuesOptions;
  readonly #queues = new Map<string, TopicQueue>();
  readonly #gate = new Gate();
  readonly #queuedBytes: Watermarks;

  constructor(options: TopicQueuesOptions) {
    this.#options = options;
    const { limitBytes } = options;
    this.#queuedBytes = new Watermarks(limitBytes, limitBytes / 2, {
      filled: () => this.#gate.hold(),
      cleared: () => this.#gate.release(),
    });
  }

  /** Resolves when further frames may be queued; undefined while they may. */
  get released(): Promise<void> | undefined {
    return this.#gate.released;
  }

  find(topic: string): TopicQueue | undefined {
    return this.#queues.get(topic);
  }

  /** Opens a queue for a topic that has none. `joining` is the join that has been started. */
  open(topic: string, joining: Promise<void>): void {
    this.#queues.set(topic, new TopicQueue(topic, joining, this));
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
    this.#queues.clear();
    this.#queuedBytes.empty();
  }

  grew(bytes: number): void {
    this.#queuedBytes.raise(bytes);
  }

  shrank(bytes: number): void {
    this.#queuedBytes.lower(bytes);
  }

  failed(error: unknown): void {
    this.#options.failed(error);
  }

  emptied(topic: string): void {
    this.#queues.delete(topic);
    if (this.#queues.size === 0) this.#options.emptied();
  }
}
