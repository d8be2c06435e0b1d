/** A subscriber that uses peer ids, on this node or another one. */
export interface PeerIdUser {
  /** The peer ids that it has used lately, the most recent last. Written by `PeerIds` only. */
  peerIds: readonly string[];
}

export const noPeerIds: readonly string[] = [];

/**
 * The peer ids that the subscribers of a topic use.
 *
 * A peer id may have several users (a dead socket that has not been closed yet, a page with two sockets, an impostor).
 */
export class PeerIds<User extends PeerIdUser> {
  readonly #limit: number;
  readonly #users = new Map<string, readonly User[]>();

  /** `limit` is how many peer ids of a user are remembered. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Records that a subscriber uses `peerId`. Beyond the bound, its least recently used peer id is forgotten. */
  record(user: User, peerId: string): void {
    const { peerIds } = user;
    if (peerIds.at(-1) === peerId) return;
    if (peerIds.includes(peerId)) {
      user.peerIds = [...peerIds.filter((known) => known !== peerId), peerId];
      return;
    }
    const [oldest] = peerIds.length < this.#limit ? [] : peerIds;
    if (oldest !== undefined) this.#forget(user, oldest);
    user.peerIds = [...(oldest === undefined ? peerIds : peerIds.slice(1)), peerId];
    this.#users.set(peerId, [...(this.#users.get(peerId) ?? []), user]);
  }

  /** The only subscriber that uses `peerId`; undefined if none or several do. */
  userOf(peerId: string): User | undefined {
    const users = this.#users.get(peerId);
    return users?.length === 1 ? users[0] : undefined;
  }

  /** The subscriber has left. */
  leave(user: User): void {
    for (const peerId of user.peerIds) this.#forget(user, peerId);
    user.peerIds = noPeerIds;
  }

  #forget(user: User, peerId: string): void {
    const others = this.#users.get(peerId)?.filter((other) => other !== user) ?? [];
    if (others.length === 0) this.#users.delete(peerId);
    else this.#users.set(peerId, others);
  }
}
