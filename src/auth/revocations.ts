import type { Clock } from "../lib/time/clock.ts";
import type { Permission } from "./access-policy.ts";
import type { AuthLimits } from "./limits.ts";
import type { Revocation, RevocationLog } from "./revocation.ts";
import { isRoomName, matchesRoom } from "./room-pattern.ts";

export interface RevocationsOptions {
  readonly log: RevocationLog;
  readonly limits: Pick<AuthLimits, "revocations">;
  readonly clock: Clock;
}

type Index = Map<string, Revocation[]>;

/**
 * What was revoked, as long as it matters.
 *
 * Found by token, by user or by the room's name; those whose only word is a pattern are gone through one by one.
 */
export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #byTokenId: Index = new Map();
  readonly #byUser: Index = new Map();
  readonly #byRoom: Index = new Map();
  #patterns: Revocation[] = [];
  #all: Revocation[] = [];

  /** Remembers all that the log does, even when that is more than may be added. */
  constructor(options: RevocationsOptions) {
    this.#options = options;
    for (const revocation of options.log.load()) this.#remember(revocation);
  }

  /**
   * `full` when as many as may be are remembered: it is not in force then.
   *
   * Else it is in force when this returns, and across restarts when it resolves. When it rejects, it is in force until
   * the process ends.
   */
  async add(revocation: Revocation): Promise<"added" | "full"> {
    const { log, limits } = this.#options;
    if (this.#all.length >= limits.revocations) this.#forgetExpired();
    if (this.#all.length >= limits.revocations) return "full";
    this.#remember(revocation);
    await log.append(revocation);
    return "added";
  }

  /**
   * Whether a permission was taken back for this room.
   *
   * One that does not say when it was issued counts as old. One that says it in whole seconds counts as of the second's
   * beginning, so that what was issued in the second of the revocation, also after it, is revoked. Whoever signs with a
   * clock that is ahead of ours can make what outlives a revocation by as much. What is for no room at all is not taken
   * back by a revocation that names one.
   */
  isRevoked(permission: Pick<Permission, "user" | "tokenId" | "issuedAt">, room: string | undefined): boolean {
    const { tokenId, user, issuedAt = Number.NEGATIVE_INFINITY } = permission;
    const now = this.#options.clock.now();
    const concerned = [
      tokenId === undefined ? undefined : this.#byTokenId.get(tokenId),
      user === undefined ? undefined : this.#byUser.get(user),
      room === undefined ? undefined : this.#byRoom.get(room),
      this.#patterns,
    ];
    const isInForce = ({ revokedAt, until }: Revocation) => issuedAt <= revokedAt && now < until;
    return concerned.some((revocations) =>
      revocations?.some((each) => isInForce(each) && concerns(each, { tokenId, user, room })),
    );
  }

  #remember(revocation: Revocation): void {
    const { tokenId, user, room } = revocation;
    // By the one word that tells most.
    if (tokenId !== undefined) insert(this.#byTokenId, tokenId, revocation);
    else if (user !== undefined) insert(this.#byUser, user, revocation);
    else if (room === undefined) throw new RangeError("A revocation needs a user, a room or a token id.");
    else if (isRoomName(room)) insert(this.#byRoom, room, revocation);
    else this.#patterns.push(revocation);
    this.#all.push(revocation);
  }

  #forgetExpired(): void {
    const now = this.#options.clock.now();
    const remaining = this.#all.filter(({ until }) => now < until);
    if (remaining.length === this.#all.length) return;
    for (const index of [this.#byTokenId, this.#byUser, this.#byRoom]) index.clear();
    this.#all = [];
    this.#patterns = [];
    for (const revocation of remaining) this.#remember(revocation);
  }
}

function insert(index: Index, key: string, revocation: Revocation): void {
  const others = index.get(key);
  if (others === undefined) index.set(key, [revocation]);
  else others.push(revocation);
}

type Concern = Pick<Revocation, "tokenId" | "user"> & { readonly room: string | undefined };

function concerns(revocation: Revocation, { tokenId, user, room }: Concern): boolean {
  return (
    (revocation.tokenId === undefined || revocation.tokenId === tokenId) &&
    (revocation.user === undefined || revocation.user === user) &&
    (revocation.room === undefined || (room !== undefined && matchesRoom(revocation.room, room)))
  );
}
