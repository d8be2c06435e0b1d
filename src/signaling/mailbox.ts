import type { Clock } from "../lib/time/clock.ts";
import { Timeouts } from "../lib/time/timeouts.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { SignalingLimits } from "./limits.ts";
import type { MailBudget } from "./mail-budget.ts";

/** The ids of a sender and a receiver. */
export interface Pair {
  readonly sender: string;
  readonly receiver: string;
}

/** A message for a member that is offline. */
export interface QueuedMessage extends Pair {
  readonly frame: string;
  /** The address of the sender. */
  readonly address: string;
  /** The message is dropped when it turns out that its receiver is not connected. */
  readonly needsConnection?: boolean;
}

export interface MailboxOptions {
  /** How long a message is kept. */
  readonly keepMs: number;
  /** Reports a message that was kept that long, after its removal. */
  readonly expired: (message: QueuedMessage) => void;
  /** Bounds the messages of all mailboxes together. */
  readonly budget: MailBudget;
  readonly clock: Clock;
  readonly limits: MailboxLimits;
  readonly metrics: Pick<Metrics, "mailboxMessages">;
}

export type MailboxLimits = Pick<
  SignalingLimits,
  "mailboxMessages" | "mailboxBytes" | "mailboxSenderMessages" | "mailboxSenderBytes" | "mailboxesSenderBytes"
>;

interface SizedMessage extends QueuedMessage {
  readonly bytes: number;
  /** The memory that it takes. */
  readonly memoryBytes: number;
}

/**
 * The memory that a queued message takes besides its frame, with two ids of at most 256 bytes: its records, and the entries
 * in the maps for its sender and its receiver, of which it may be the only one. Measured with Bun 1.4.5.
 */
export const overheadBytes = 1_024;

const encoder = new TextEncoder();

/**
 * Messages for the members of one namespace that are offline.
 *
 * They are kept in memory, bounded per receiver, per sender and by a budget that mailboxes share, in which each address
 * has a share. A message that does not fit is refused; no queued message makes room for it, so no sender can push out the
 * messages of others.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #timeouts: Timeouts<SizedMessage>;
  /** The queue of each receiver, in the order in which messages were put. */
  readonly #byReceiver = new Map<string, Set<SizedMessage>>();
  /** The bytes that each sender has queued, for all receivers together. */
  readonly #bytesBySender = new Map<string, number>();

  constructor(options: MailboxOptions) {
    this.#options = options;
    const { keepMs: durationMs, clock } = options;
    this.#timeouts = new Timeouts({ durationMs, clock, expired: (message) => this.#expire(message) });
  }

  /** The number of queued messages. */
  get size(): number {
    return this.#timeouts.size;
  }

  /** Returns false when a bound leaves no room for the message. */
  put(queued: QueuedMessage): boolean {
    const { address, frame } = queued;
    const bytes = encoder.encode(frame).length;
    const message = { ...queued, bytes, memoryBytes: memoryOf(frame, bytes) + overheadBytes };
    const fits = this.#hasRoomFor(message) && this.#options.budget.take(address, message.memoryBytes);
    this.#count(fits ? "kept" : "refused");
    if (fits) this.#keep(message);
    return fits;
  }

  /** Whether a message of this sender is queued for this receiver. */
  holds({ sender, receiver }: Pair): boolean {
    return this.#queueOf(receiver).some((message) => message.sender === sender);
  }

  /** Removes and returns everything that is queued for a receiver, in the order in which it was put. */
  take(receiver: string): readonly QueuedMessage[] {
    const messages = this.#queueOf(receiver);
    for (const message of messages) this.#remove(message, "delivered");
    return messages;
  }

  /** Drops all messages of this sender for this receiver, without reporting them. */
  discard({ sender, receiver }: Pair): void {
    for (const message of this.#queueOf(receiver)) if (message.sender === sender) this.#remove(message, "expired");
  }

  /** Drops all messages. */
  close(): void {
    for (const receiver of this.#byReceiver.keys()) {
      for (const message of this.#queueOf(receiver)) this.#remove(message, "expired");
    }
  }

  #queueOf(receiver: string): readonly SizedMessage[] {
    return [...(this.#byReceiver.get(receiver) ?? [])];
  }

  #hasRoomFor({ sender, receiver, bytes, memoryBytes }: SizedMessage): boolean {
    const { limits } = this.#options;
    const queue = this.#queueOf(receiver);
    const own = queue.filter((message) => message.sender === sender);
    return (
      queue.length < limits.mailboxMessages &&
      own.length < limits.mailboxSenderMessages &&
      totalBytes(queue) + bytes <= limits.mailboxBytes &&
      totalBytes(own) + bytes <= limits.mailboxSenderBytes &&
      (this.#bytesBySender.get(sender) ?? 0) + memoryBytes <= limits.mailboxesSenderBytes
    );
  }

  #keep(message: SizedMessage): void {
    this.#timeouts.set(message);
    const queue = this.#byReceiver.get(message.receiver) ?? new Set();
    this.#byReceiver.set(message.receiver, queue.add(message));
    this.#addToSender(message.sender, message.memoryBytes);
  }

  #remove(message: SizedMessage, outcome: "delivered" | "expired"): void {
    this.#timeouts.clear(message);
    const queue = this.#byReceiver.get(message.receiver);
    queue?.delete(message);
    if (queue?.size === 0) this.#byReceiver.delete(message.receiver);
    this.#addToSender(message.sender, -message.memoryBytes);
    this.#options.budget.give(message.address, message.memoryBytes);
    this.#count(outcome);
  }

  #addToSender(sender: string, bytes: number): void {
    const sum = (this.#bytesBySender.get(sender) ?? 0) + bytes;
    if (sum === 0) this.#bytesBySender.delete(sender);
    else this.#bytesBySender.set(sender, sum);
  }

  #expire(message: SizedMessage): void {
    // The message may have fallen due with others, and have been discarded when those were reported.
    if (this.#byReceiver.get(message.receiver)?.has(message) !== true) return;
    this.#remove(message, "expired");
    this.#options.expired(message);
  }

  #count(outcome: "kept" | "refused" | "delivered" | "expired"): void {
    this.#options.metrics.mailboxMessages.inc({ outcome });
  }
}

/** The memory of a text of so many UTF-8 bytes: the runtime takes two bytes for each character unless all are ASCII. */
function memoryOf(text: string, bytes: number): number {
  return bytes === text.length ? bytes : Math.max(bytes, 2 * text.length);
}

function totalBytes(messages: readonly SizedMessage[]): number {
  return messages.reduce((sum, { bytes }) => sum + bytes, 0);
}
