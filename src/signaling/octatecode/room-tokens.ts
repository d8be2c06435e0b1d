/** The claims of a room token: this user may join this room. */
export interface RoomClaim {
  readonly user: string;
  readonly room: string;
}

/** Tokens that permit one user to join one room for a limited time. Their claims are signed, not encrypted. */
export interface RoomTokens {
  mint(claim: RoomClaim): Promise<string>;
  /** Resolves with `invalid` also for tokens of another server or of an earlier process of this one. Never rejects. */
  verify(token: string): Promise<RoomClaim | "expired" | "invalid">;
}
