import type { StoredMessage } from "../storage/webhook-store.ts";
import type { Outcome } from "./sender.ts";

/** The last attempt to deliver a message. */
export interface Attempt {
  readonly message: StoredMessage;
  readonly outcome: Exclude<Outcome, { readonly kind: "interrupted" }>;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly durationMs: number;
}

const kept = 100;
/** Messages may have the content of their documents: those that are kept have so many characters, or there is one. */
const keptLength = 1_000_000;

/** The last attempts for one endpoint, by message, as long as the server runs. */
export class RecentDeliveries {
  readonly #attempts = new Map<string, Attempt>();
  #length = 0;

  add(attempt: Attempt): void {
    const { id } = attempt.message;
    this.#delete(id);
    this.#attempts.set(id, attempt);
    this.#length += attempt.message.body.length;
    for (const oldest of this.#attempts.keys()) {
      const isFull = this.#attempts.size > kept || this.#length > keptLength;
      if (!isFull || oldest === id) return;
      this.#delete(oldest);
    }
  }

  of(message: string): Attempt | undefined {
    return this.#attempts.get(message);
  }

  #delete(id: string): void {
    this.#length -= this.#attempts.get(id)?.message.body.length ?? 0;
    this.#attempts.delete(id);
  }

  /** Those that were delivered, the last one first. */
  get delivered(): readonly Attempt[] {
    return [...this.#attempts.values()].filter(({ outcome }) => outcome.kind === "delivered").reverse();
  }
}
