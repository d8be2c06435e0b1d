/** The client ids that each member has brought into a room and that are not its own. */
export class PassedOnIds<Member> {
  readonly #limit: number;
  readonly #ids = new Map<Member, Set<number>>();

  /** `limit`: how many ids count against one member. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  hasPlace(member: Member): boolean {
    return (this.#ids.get(member)?.size ?? 0) < this.#limit;
  }

  add(member: Member, clientId: number): void {
    const ids = this.#ids.get(member);
    if (ids === undefined) this.#ids.set(member, new Set([clientId]));
    else ids.add(clientId);
  }

  delete(member: Member, clientId: number): void {
    const ids = this.#ids.get(member);
    if (ids?.delete(clientId) === true && ids.size === 0) this.#ids.delete(member);
  }

  /** Counts nothing against a member any more. Returns the ids that counted. */
  release(member: Member): Iterable<number> {
    const ids = this.#ids.get(member);
    this.#ids.delete(member);
    return ids ?? [];
  }

  clear(): void {
    this.#ids.clear();
  }
}
