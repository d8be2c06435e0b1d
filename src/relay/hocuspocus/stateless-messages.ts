import { abortableWait } from "../../lib/abortable-wait.ts";
import { Gate } from "../../lib/gate.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import { Inbox, type Task } from "../../transport/inbox.ts";
import type { HocuspocusLimits } from "./limits.ts";

/** The rates that a stateless message has to keep. Each bucket can hold the longest message. */
export interface StatelessRates extends Partial<SenderRates> {
  /** The characters of the messages of all members of the document. */
  readonly roomCharacters: TokenBucket;
}

/** The rates of one sender, which its own node keeps. */
export interface SenderRates {
  /** Messages of one connection for one document. */
  readonly messages: TokenBucket;
  /** Their characters. */
  readonly characters: TokenBucket;
}

export interface StatelessMessagesOptions {
  readonly rates: StatelessRates;
  readonly clock: Clock;
  readonly limits: HocuspocusLimits;
  /** Aborts when the client disconnects. Without it, messages wait until `end`. */
  readonly signal?: AbortSignal;
  /** Returns a promise when it takes several turns of the event loop. */
  readonly broadcast: (payload: string) => void | Promise<void>;
  readonly dropped: (detail: string) => void;
  readonly failed: (error: unknown) => void;
}

const neverAborted = new AbortController().signal;

/** The memory that a waiting message takes besides its characters. */
const waitingMessageBytes = 128;

/**
 * The stateless messages of one member, which leave in order and at their rates: all members are sent each of them, and
 * one that reads too slowly would be disconnected. A message that is too long is dropped.
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

  /** Whether too many bytes wait. */
  get isFull(): boolean {
    return this.#gate.released !== undefined;
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
    const { rates, broadcast, signal } = this.#options;
    if (this.#hasEnded) return;
    const { messages, characters, roomCharacters } = rates;
    const { length } = payload;
    const senderMs = Math.max(messages?.waitMs() ?? 0, characters?.waitMs(length) ?? 0);
    const waitMs = Math.max(senderMs, roomCharacters.waitMs(length));
    if (waitMs === 0) {
      messages?.take();
      characters?.take(length);
      roomCharacters.take(length);
      return broadcast(payload);
    }
    if (signal?.aborted === true) return;
    return this.#waitForRate(waitMs).then(() => this.#send(payload));
  }

  async #waitForRate(waitMs: number): Promise<void> {
    const { clock, signal = neverAborted } = this.#options;
    await abortableWait(signal, (done) => {
      this.#stopWaiting = done;
      return clock.after(waitMs, done);
    });
    this.#stopWaiting = undefined;
  }
}

/** The characters per second of one sender, or of a room. One message of the greatest length is always possible. */
export function characterBucket(perSecond: number, { statelessLength }: HocuspocusLimits, clock: Clock): TokenBucket {
  return new TokenBucket({ burst: Math.max(statelessLength, perSecond), perSecond, clock });
}
