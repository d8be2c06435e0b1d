import type { Access } from "./authorizer.ts";

/** A token as an administrator orders it. */
export interface TokenOrder {
  /** The access that the token grants, by room pattern. */
  readonly rooms: ReadonlyMap<string, Access>;
  readonly user?: string | undefined;
  readonly isAdmin: boolean;
  readonly lifetimeMs: number;
}

export interface MintedToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** Mints a token that is valid from now on. Resolves with `too-long` if servers would refuse it for its length. */
export type MintToken = (order: TokenOrder) => Promise<MintedToken | "too-long">;
