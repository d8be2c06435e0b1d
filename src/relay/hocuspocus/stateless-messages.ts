import { abortableWait } from "../../lib/abortable-wait.ts";
import { Gate } from "../../lib/gate.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { TokenBucket } from "../../lib/token-bucket.ts";
import { Inbox, type Task } from "../../transport/inbox.ts";
import type { HocuspocusLimits } from "./limits.ts";

export interface StatelessMessagesOptions {
  readonly rate: TokenBucket;
  readonly clock: Clock;
  readonly limits: HocuspocusLimits;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  readonly broadcast: (payload: string) => void;
  readonly dropped: (detail: string) => void;
  readonly failed: (error: unknown) => void;
}

/** The memory that a waiting message takes besides its characters. */
const waitingMessageBytes = 128;

/**
 * The stateless messages of one member, which leave in order and at their rate. A message that is too long is dropped.
 *
 * Messages over the rate wait beside the frames of the document, so that they hold up no edit: this is the second place
 * where frames wait, and an inbox like the first. What waits when the client disconnects, or the member leaves, is
 * dropped. (For that reason the wait is not the one of signaling's `Quota`.)
 */
export class StatelessMessages {
  readonly #options: StatelessMessagesOptions;
  readonly #waiting: Inbox<Task>;
  readonly #gate = new Gate();
  #stopWaiting: (() => void) | undefined;
  #hasEnded = false;

  constructor(options: StatelessMessagesOptions) {
    this.#options = options;
    this.#waiting = Inbox.ofTasks({
      limitBytes: options.limits.attachmentInboxBytes,
      failed: options.failed,
      filled: () => this.#gate.hold(),
      cleared: () => this.#gate.release(),
    });
  }

  /** Sends a message, or lets it wait. The promise, if there is one, is pending while too many bytes wait. */
  push(payload: string): void | Promise<void> {
    const { limits, dropped } = this.#options;
    if (payload.length > limits.statelessLength) return dropped(`${payload.length} characters`);
    this.#waiting.push(2 * payload.length + waitingMessageBytes, () => this.#send(payload));
    return this.#gate.released;
  }

  end(): void {
    this.#hasEnded = true;
    this.#waiting.abandon(() => {});
    this.#stopWaiting?.();
  }

  #send(payload: string): void | Promise<void> {
    const { rate, broadcast, signal } = this.#options;
    if (this.#hasEnded) return;
    if (rate.take()) return broadcast(payload);
    if (signal.aborted) return;
    return this.#waitForRate().then(() => this.#send(payload));
  }

  async #waitForRate(): Promise<void> {
    const { clock, limits, signal } = this.#options;
    await abortableWait(signal, (done) => {
      this.#stopWaiting = done;
      return clock.after(1000 / limits.statelessPerSecond, done);
    });
    this.#stopWaiting = undefined;
  }
}
