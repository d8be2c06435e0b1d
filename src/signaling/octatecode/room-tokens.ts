/** Who may enter which room, as a token says it. */
export interface RoomClaim {
  readonly user: string;
  readonly room: string;
}

/** Tokens that let one user into one room for a while. They say what they say to whoever reads them, and no more. */
export interface RoomTokens {
  mint(claim: RoomClaim): Promise<string>;
  /** `invalid` also for tokens of another server, or of this one before it was started. Never rejects. */
  verify(token: string): Promise<RoomClaim | "expired" | "invalid">;
}
