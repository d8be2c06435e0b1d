import type { Access } from "../authorizer.ts";

/** The claims of a token, whether it is valid or not. Times are epoch milliseconds. */
export interface TokenContents {
  readonly user: string | undefined;
  /** The access by room pattern. */
  readonly rooms: ReadonlyMap<string, Access>;
  readonly isAdmin: boolean;
  readonly tokenId: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | readonly string[] | undefined;
  readonly issuedAt: number | undefined;
  readonly notBefore: number | undefined;
  readonly expiresAt: number | undefined;
  /** The names of the claims that no token may have like this, or that are missing. */
  readonly invalidClaims: readonly string[];
}
