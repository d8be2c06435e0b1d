/**
 * Takes back permissions that were given out: those that all of `user`, `room` and `tokenId` fit which are there, at
 * least one of them, and that were issued not after `revokedAt`.
 */
export interface Revocation {
  readonly user?: string | undefined;
  /** A room pattern. */
  readonly room?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Epoch milliseconds. */
  readonly revokedAt: number;
  /** Epoch milliseconds; from then on all that it takes back has expired by itself. */
  readonly until: number;
}

/** What was revoked, kept beyond the end of the process. */
export interface RevocationLog {
  /** All that is not over, in the order in which it came. */
  load(): readonly Revocation[];
  /** Resolves when it survives a power cut. Rejects when it may not; whatever is appended later stays readable. */
  append(revocation: Revocation): Promise<void>;
}
