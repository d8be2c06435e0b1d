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

/** The last attempts for one endpoint, by message, as long as the server runs. */
export class RecentDeliveries {
  readonly #attempts = new Map<string, Attempt>();

  add(attempt: Attempt): void {
    const { id } = attempt.message;
    this.#attempts.delete(id);
    this.#attempts.set(id, attempt);
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size > kept && oldest !== undefined) this.#attempts.delete(oldest);
  }

  of(message: string): Attempt | undefined {
    return this.#attempts.get(message);
  }

  /** Those that were delivered, the last one first. */
  get delivered(): readonly Attempt[] {
    return [...this.#attempts.values()].filter(({ outcome }) => outcome.kind === "delivered").reverse();
  }
}
