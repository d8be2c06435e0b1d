import type { TokenBucket } from "../../lib/token-bucket.ts";

/**
 * A user with allocations, by the user id in the credential: it stays the same from one credential to the next. Clients
 * without a user are one for each address.
 */
export interface TurnUser {
  readonly id: string;
  /** Allocations, those that are being opened included. */
  allocations: number;
  /** The bytes that all allocations of the user may relay, both directions together. */
  readonly bytes: TokenBucket;
}
