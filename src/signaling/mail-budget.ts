import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import { ByteBudget } from "../lib/byte-budget.ts";

export interface MailBudgetOptions {
  readonly limitBytes: number;
  readonly addresses: CountedAddresses;
}

/**
 * The memory that the messages of all mailboxes take together.
 *
 * The messages of one address may take as much as is free beside them: half of the budget if it is the only one, a third
 * if two take all that they may. So no number of clients at one address can use up the budget for the others.
 */
export class MailBudget {
  readonly #addresses: CountedAddresses;
  readonly #limitBytes: number;
  readonly #all: ByteBudget;
  readonly #byAddress = new Map<string, number>();

  constructor({ addresses, limitBytes }: MailBudgetOptions) {
    this.#addresses = addresses;
    this.#limitBytes = limitBytes;
    this.#all = new ByteBudget(limitBytes);
  }

  get usedBytes(): number {
    return this.#all.usedBytes;
  }

  /** Takes `bytes` for a sender at this address and returns true; returns false and takes none if it may not have them. */
  take(remoteAddress: string, bytes: number): boolean {
    const key = this.#addresses.keyOf(remoteAddress);
    const ofAddress = key === undefined ? 0 : (this.#byAddress.get(key) ?? 0) + bytes;
    const freeBytes = this.#limitBytes - this.#all.usedBytes - bytes;
    if (ofAddress > freeBytes || !this.#all.take(bytes)) return false;
    if (key !== undefined) this.#byAddress.set(key, ofAddress);
    return true;
  }

  /** Gives back bytes that were taken for a sender at this address. */
  give(remoteAddress: string, bytes: number): void {
    this.#all.give(bytes);
    const key = this.#addresses.keyOf(remoteAddress);
    if (key === undefined) return;
    const left = (this.#byAddress.get(key) ?? 0) - bytes;
    if (left > 0) this.#byAddress.set(key, left);
    else this.#byAddress.delete(key);
  }
}
