import type { Access } from "../../../../client/tokens.ts";

/** A new token with what was ordered. */
export interface OrderedToken {
  readonly token: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  /** The access by name or pattern. */
  readonly rooms: Readonly<Record<string, Access>>;
}
