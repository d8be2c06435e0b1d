import type { Access, AccessRequest, Denial } from "./authorizer.ts";

/** A policy's decision to grant access: the access, the user, and the time until which it holds. */
export interface Permission {
  readonly granted: true;
  readonly access: Access;
  /** The user id, in its comparable form. */
  readonly user?: string | undefined;
  readonly tokenId?: string | undefined;
  /** Epoch milliseconds: when the token was issued; undefined if unknown. */
  readonly issuedAt?: number | undefined;
  /** Epoch milliseconds, any tolerance included; undefined for a permission that does not expire. */
  readonly expiresAt?: number | undefined;
  /** As `Grant.takeFirstContent`. It is not kept with a permission in use, nor in a cache. */
  readonly firstContent?: Uint8Array | undefined;
}

/** The permission without its first content, to be kept. */
export function withoutContent({ firstContent: _, ...kept }: Permission): Permission {
  return kept;
}

/**
 * Decides about access to rooms, at the time of each request. The authorizer handles expiry and revocation of the
 * permissions in use.
 *
 * Every expected outcome is returned, including `unavailable` when the decision cannot be made. Each answer comes
 * within the policy's own deadline. Rejects only with the signal's reason, when the client has disconnected.
 */
export interface AccessPolicy {
  /** Why the token grants access to no room at all, if that is known without a room; undefined otherwise. */
  authenticate(token: string | undefined): Promise<Denial | undefined>;
  decide(request: AccessRequest): Promise<Permission | Denial>;
  /** Whether a later decision about the same request may differ. If so, a permission is renewed before it expires. */
  readonly isRenewable: boolean;
}
