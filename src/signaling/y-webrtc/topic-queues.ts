import { Gate } from "../../lib/gate.ts";
import { Watermarks } from "../../lib/watermarks.ts";
import { TopicQueue, type TopicQueueOwner } from "./topic-queue.ts";

export interface TopicQueuesOptions {
  /** Bytes that wait at which the client should not be heard any further; it may when half of them are left. */
  readonly limitBytes: number;
  readonly failed: (error: unknown) => void;
  /** No topic has a queue any more. */
  readonly emptied: () => void;
}

/** The topics of one client of which it is not settled whether it may enter, and what it says of them meanwhile. */
export class TopicQueues implements TopicQueueOwner {
  readonly #options: TopicQueuesOptions;
  readonly #queues = new Map<string, TopicQueue>();
  readonly #gate = new Gate();
  readonly #waitingBytes: Watermarks;

  constructor(options: TopicQueuesOptions) {
    this.#options = options;
    const { limitBytes } = options;
    this.#waitingBytes = new Watermarks(limitBytes, limitBytes / 2, {
      filled: () => this.#gate.hold(),
      cleared: () => this.#gate.release(),
    });
  }

  /** Resolves when more may wait; undefined while that is so. */
  get released(): Promise<void> | undefined {
    return this.#gate.released;
  }

  find(topic: string): TopicQueue | undefined {
    return this.#queues.get(topic);
  }

  /** For a topic that has none; `entry` is under way. */
  open(topic: string, entry: Promise<void>): void {
    this.#queues.set(topic, new TopicQueue(topic, entry, this));
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
    this.#queues.clear();
    this.#waitingBytes.empty();
  }

  took(bytes: number): void {
    this.#waitingBytes.raise(bytes);
  }

  gave(bytes: number): void {
    this.#waitingBytes.lower(bytes);
  }

  failed(error: unknown): void {
    this.#options.failed(error);
  }

  emptied(topic: string): void {
    this.#queues.delete(topic);
    if (this.#queues.size === 0) this.#options.emptied();
  }
}
