/** How an entry went: `resumed` took the place of the member that had the id. */
export type JoinOutcome = "joined" | "resumed" | "full";

/**
 * Who has which id.
 *
 * Every step is synchronous, so nobody sees half of one: whoever resumes an id has it at once, and it was never free.
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

  /** In the order in which their ids entered. */
  [Symbol.iterator](): IterableIterator<M> {
    return this.#byId.values();
  }

  find(id: string): M | undefined {
    return this.#byId.get(id);
  }

  /** False also for a member whose id another one has resumed. */
  holds(member: M): boolean {
    return this.#byId.get(member.id) === member;
  }

  /** Idempotent. Another member with the same id gives way. */
  join(member: M): JoinOutcome {
    const known = this.#byId.get(member.id);
    if (known === undefined && this.#byId.size >= this.#limit) return "full";
    this.#byId.set(member.id, member);
    return known === undefined || known === member ? "joined" : "resumed";
  }

  /** False, and nothing happens, when the member is not there (any more): whoever resumed its id stays. */
  leave(member: M): boolean {
    return this.holds(member) && this.#byId.delete(member.id);
  }
}
