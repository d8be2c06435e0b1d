import type { Clock } from "../lib/time/clock.ts";
import type { Permission } from "./access-policy.ts";
import { comparable } from "./identifiers.ts";
import type { AuthLimits } from "./limits.ts";
import type { Revocation, RevocationLog } from "./revocation.ts";
import { isRoomName, matchesRoom } from "./room-pattern.ts";

export interface RevocationsOptions {
  readonly log: RevocationLog;
  readonly limits: Pick<AuthLimits, "revocations">;
  readonly clock: Clock;
}

type RevocationIndex = Map<string, Revocation[]>;

/**
 * The revocations in force.
 *
 * They are indexed by token id, user or room name; those with only a room pattern are searched one by one.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #byTokenId: RevocationIndex = new Map();
  readonly #byUser: RevocationIndex = new Map();
  readonly #byRoom: RevocationIndex = new Map();
  #patterns: Revocation[] = [];
  #all: Revocation[] = [];
  #learned: (revocations: readonly Revocation[]) => void = () => {};

  /** Loads all revocations of the log, even if they are more than the limit. */
  constructor(options: RevocationsOptions) {
    this.#options = options;
    for (const revocation of options.log.load()) this.#insert(revocation);
    options.log.follow?.((revocations) => this.#learn(revocations));
  }

  /** Calls `task` with revocations of other nodes, which are in force by then. Call it once. */
  whenLearned(task: (revocations: readonly Revocation[]) => void): void {
    this.#learned = task;
  }

  /**
   * Adds a revocation. Resolves with `full` if their number has reached the limit; the revocation is not in force then.
   *
   * Otherwise it is in force when the call returns, and survives restarts once the promise resolves. If the promise
   * rejects, the revocation is in force until the process ends.
   */
  async add(revocation: Revocation): Promise<"added" | "full"> {
    const { log, limits } = this.#options;
    if (this.#all.length >= limits.revocations) this.#removeExpired();
    if (this.#all.length >= limits.revocations) return "full";
    this.#insert(revocation);
    await log.append(revocation);
    return "added";
  }

  /**
   * Whether a permission is revoked for this room; `roomName` is undefined for a permission without a room, which a
   * revocation with a room does not match.
   *
   * A permission without an issue time counts as older than any revocation. An issue time in whole seconds counts as
   * the beginning of its second, so that every permission issued in the second of the revocation is revoked, even a
   * later one. An issuer with a clock that is ahead of the server's can issue permissions that survive a revocation by
   * the same time. A revocation by token id matches whenever that token was issued.
   */
  isRevoked(permission: Pick<Permission, "user" | "tokenId" | "issuedAt">, roomName: string | undefined): boolean {
    const room = roomName === undefined ? undefined : comparable(roomName);
    const { tokenId, user, issuedAt = Number.NEGATIVE_INFINITY } = permission;
    const now = this.#options.clock.now();
    const candidates = [
      tokenId === undefined ? undefined : this.#byTokenId.get(tokenId),
      user === undefined ? undefined : this.#byUser.get(user),
      room === undefined ? undefined : this.#byRoom.get(room),
      this.#patterns,
    ];
    const isInForce = ({ revokedAt, until, tokenId: id }: Revocation) =>
      (id !== undefined || issuedAt <= revokedAt) && now < until;
    return candidates.some((revocations) =>
      revocations?.some((each) => isInForce(each) && matches(each, { tokenId, user, room })),
    );
  }

  /** The revocations in force, in the order in which they were added. */
  get inForce(): readonly Revocation[] {
    const now = this.#options.clock.now();
    return this.#all.filter(({ until }) => now < until);
  }

  /** The users whose permissions for all rooms are revoked, in the comparable form, and until when they were issued. */
  get users(): readonly { readonly user: string; readonly revokedAt: number }[] {
    const now = this.#options.clock.now();
    return this.#all.flatMap(({ user, room, tokenId, revokedAt, until }) =>
      user === undefined || room !== undefined || tokenId !== undefined || now >= until ? [] : [{ user, revokedAt }],
    );
  }

  /** Takes them even if they are more than the limit: the node that has added them has checked it. */
  #learn(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.#insert(revocation);
    if (this.#all.length > this.#options.limits.revocations) this.#removeExpired();
    this.#learned(revocations);
  }

  #insert(revocation: Revocation): void {
    const { tokenId, user, room } = revocation;
    // A revocation is indexed by its most selective field.
    if (tokenId !== undefined) insert(this.#byTokenId, tokenId, revocation);
    else if (user !== undefined) insert(this.#byUser, user, revocation);
    else if (room === undefined) throw new RangeError("A revocation needs a user, a room or a token id.");
    else if (isRoomName(room)) insert(this.#byRoom, room, revocation);
    else this.#patterns.push(revocation);
    this.#all.push(revocation);
  }

  #removeExpired(): void {
    const now = this.#options.clock.now();
    const remaining = this.#all.filter(({ until }) => now < until);
    if (remaining.length === this.#all.length) return;
    for (const index of [this.#byTokenId, this.#byUser, this.#byRoom]) index.clear();
    this.#all = [];
    this.#patterns = [];
    for (const revocation of remaining) this.#insert(revocation);
  }
}

function insert(index: RevocationIndex, key: string, revocation: Revocation): void {
  const others = index.get(key);
  if (others === undefined) index.set(key, [revocation]);
  else others.push(revocation);
}

type Subject = Pick<Revocation, "tokenId" | "user"> & { readonly room: string | undefined };

function matches(revocation: Revocation, { tokenId, user, room }: Subject): boolean {
  return (
    (revocation.tokenId === undefined || revocation.tokenId === tokenId) &&
    (revocation.user === undefined || revocation.user === user) &&
    (revocation.room === undefined || (room !== undefined && matchesRoom(revocation.room, room)))
  );
}
