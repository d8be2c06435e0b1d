import type { Access, AccessRequest, Denial } from "./authorizer.ts";

/** What a policy has found: what is allowed, in whose name, and until when. */
export interface Permission {
  readonly granted: true;
  readonly access: Access;
  readonly user?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Epoch milliseconds. When the token was made; undefined where that is not known. */
  readonly issuedAt?: number | undefined;
  /** Epoch milliseconds; undefined for a permission that does not end by itself. */
  readonly expiresAt?: number | undefined;
}

/**
 * The rule by which rooms are entered, as it stands when it is asked: what becomes of a permission in use is for others.
 *
 * Everything expected is returned, that nobody could be asked (`unavailable`) included. Each answer comes within a
 * deadline of the policy's own. Rejects only with the signal's reason, when the client has gone.
 */
export interface AccessPolicy {
  /** Why what a client shows is good for no room at all, where that can be said before it names one. */
  authenticate(token: string | undefined): Promise<Denial | undefined>;
  decide(request: AccessRequest): Promise<Permission | Denial>;
  /** Whether the same request may be answered differently later: a permission is asked for again before it ends. */
  readonly isRenewable: boolean;
}
