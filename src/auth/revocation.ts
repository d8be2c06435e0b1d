/**
 * Revokes the permissions that were issued at or before `revokedAt` and match all of `user`, `room` and `tokenId` that
 * are set. At least one of the three is set. With a `tokenId`, the issue time does not count: no later token has that id.
 */
export interface Revocation {
  /** A user id, in its comparable form. */
  readonly user?: string | undefined;
  /** A room pattern, in its comparable form. */
  readonly room?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Epoch milliseconds. */
  readonly revokedAt: number;
  /** Epoch milliseconds. From then on every permission that it revokes has expired by itself. */
  readonly until: number;
}

/** The durable log of revocations. It is unrelated to the event log, the update logs and the write-ahead log. */
export interface RevocationLog {
  /** All revocations that are still in force, in the order in which they were appended. */
  load(): readonly Revocation[];
  /** Resolves when the revocation survives a power loss. Rejects when it may not; later appends stay readable. */
  append(revocation: Revocation): Promise<void>;
  /**
   * Reports revocations that other nodes append, from the last `load` on, within a second. Called once. Undefined in a log
   * that no other node can change.
   */
  follow?(learned: (revocations: readonly Revocation[]) => void): void;
}
