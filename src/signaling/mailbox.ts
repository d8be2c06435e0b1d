import type { ByteBudget } from "../lib/byte-budget.ts";
import type { Clock } from "../lib/time/clock.ts";
import { Timeouts } from "../lib/time/timeouts.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { SignalingLimits } from "./limits.ts";

/** From whom to whom. */
export interface Pair {
  readonly sender: string;
  readonly receiver: string;
}

/** A message for a member that is offline. */
export interface Letter extends Pair {
  readonly frame: string;
}

export interface MailboxOptions {
  /** How long a letter waits. */
  readonly keepMs: number;
  /** A letter has waited that long, and is gone. */
  readonly expired: (letter: Letter) => void;
  /** Of all mailboxes together. */
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly limits: MailboxLimits;
  readonly metrics: Pick<Metrics, "letters">;
}

export type MailboxLimits = Pick<
  SignalingLimits,
  "mailboxMessages" | "mailboxBytes" | "mailboxSenderMessages" | "mailboxSenderBytes" | "mailboxesSenderBytes"
>;

interface Waiting extends Letter {
  readonly bytes: number;
}

/** What a letter takes in memory besides its frame: records, and two ids of 256 bytes at most. */
export const envelopeBytes = 512;

const encoder = new TextEncoder();

/**
 * What is said to the members of one namespace while they are offline.
 *
 * In memory and bounded: per receiver, per sender, and by a budget that mailboxes share. What does not fit is refused,
 * and what waits stays; nobody's letters make room for those of others.
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #timeouts: Timeouts<Waiting>;
  /** In the order in which they were put. */
  readonly #byReceiver = new Map<string, Set<Waiting>>();
  /** Of what waits, for whomever. */
  readonly #bytesBySender = new Map<string, number>();

  constructor(options: MailboxOptions) {
    this.#options = options;
    const { keepMs: durationMs, clock } = options;
    this.#timeouts = new Timeouts({ durationMs, clock, expired: (letter) => this.#expire(letter) });
  }

  /** Letters that wait. */
  get size(): number {
    return this.#timeouts.size;
  }

  /** False if there is no room for it. */
  put({ sender, receiver, frame }: Letter): boolean {
    const bytes = encoder.encode(frame).length;
    const letter = { sender, receiver, frame, bytes };
    const fits = this.#hasRoomFor(letter) && this.#options.budget.take(bytes + envelopeBytes);
    this.#count(fits ? "kept" : "refused");
    if (fits) this.#keep(letter);
    return fits;
  }

  /** Whether a letter of this pair waits. */
  holds({ sender, receiver }: Pair): boolean {
    return this.#boxOf(receiver).some((letter) => letter.sender === sender);
  }

  /** Everything that waits for a receiver, in the order in which it was put. */
  take(receiver: string): readonly Letter[] {
    const letters = this.#boxOf(receiver);
    for (const letter of letters) this.#remove(letter, "delivered");
    return letters;
  }

  /** Drops what waits of this pair, without a word. */
  discard({ sender, receiver }: Pair): void {
    for (const letter of this.#boxOf(receiver)) if (letter.sender === sender) this.#remove(letter, "expired");
  }

  /** Drops everything. */
  close(): void {
    for (const receiver of this.#byReceiver.keys()) {
      for (const letter of this.#boxOf(receiver)) this.#remove(letter, "expired");
    }
  }

  #boxOf(receiver: string): readonly Waiting[] {
    return [...(this.#byReceiver.get(receiver) ?? [])];
  }

  #hasRoomFor({ sender, receiver, bytes }: Waiting): boolean {
    const { limits } = this.#options;
    const box = this.#boxOf(receiver);
    const own = box.filter((letter) => letter.sender === sender);
    return (
      box.length < limits.mailboxMessages &&
      own.length < limits.mailboxSenderMessages &&
      bytesOf(box) + bytes <= limits.mailboxBytes &&
      bytesOf(own) + bytes <= limits.mailboxSenderBytes &&
      (this.#bytesBySender.get(sender) ?? 0) + bytes + envelopeBytes <= limits.mailboxesSenderBytes
    );
  }

  #keep(letter: Waiting): void {
    this.#timeouts.set(letter);
    const box = this.#byReceiver.get(letter.receiver) ?? new Set();
    this.#byReceiver.set(letter.receiver, box.add(letter));
    this.#addToSender(letter.sender, letter.bytes + envelopeBytes);
  }

  #remove(letter: Waiting, outcome: "delivered" | "expired"): void {
    this.#timeouts.clear(letter);
    const box = this.#byReceiver.get(letter.receiver);
    box?.delete(letter);
    if (box?.size === 0) this.#byReceiver.delete(letter.receiver);
    this.#addToSender(letter.sender, -letter.bytes - envelopeBytes);
    this.#options.budget.give(letter.bytes + envelopeBytes);
    this.#count(outcome);
  }

  #addToSender(sender: string, bytes: number): void {
    const sum = (this.#bytesBySender.get(sender) ?? 0) + bytes;
    if (sum === 0) this.#bytesBySender.delete(sender);
    else this.#bytesBySender.set(sender, sum);
  }

  #expire(letter: Waiting): void {
    // One that fell due with others, and was discarded when they were reported.
    if (this.#byReceiver.get(letter.receiver)?.has(letter) !== true) return;
    this.#remove(letter, "expired");
    this.#options.expired(letter);
  }

  #count(outcome: "kept" | "refused" | "delivered" | "expired"): void {
    this.#options.metrics.letters.inc({ outcome });
  }
}

function bytesOf(letters: readonly Waiting[]): number {
  return letters.reduce((sum, { bytes }) => sum + bytes, 0);
}
