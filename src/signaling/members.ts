/** How a join ended. `resumed`: the member has replaced another one with the same id. */
export type JoinOutcome = "joined" | "resumed" | "full";

/**
 * Members by their ids.
 *
 * Every step is synchronous, so none is seen half done: an id that is taken over belongs to the new member at once, and is
 * never free in between.
 */
export class Members<M extends { readonly id: string }> {
  readonly #limit: number;
  readonly #byId = new Map<string, M>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Iterates in the order in which the ids joined. */
  [Symbol.iterator](): IterableIterator<M> {
    return this.#byId.values();
  }

  find(id: string): M | undefined {
    return this.#byId.get(id);
  }

  /** False also for a member whose id another one has taken over. */
  holds(member: M): boolean {
    return this.#byId.get(member.id) === member;
  }

  /** Idempotent. Another member with the same id is replaced. `others` members elsewhere count as well. */
  join(member: M, others = 0): JoinOutcome {
    const known = this.#byId.get(member.id);
    if (known === undefined && this.#byId.size + others >= this.#limit) return "full";
    this.#byId.set(member.id, member);
    return known === undefined || known === member ? "joined" : "resumed";
  }

  /** Returns false and changes nothing for a member that has left, or whose id another one has taken over. */
  leave(member: M): boolean {
    return this.holds(member) && this.#byId.delete(member.id);
  }
}
