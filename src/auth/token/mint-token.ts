import { SignJWT } from "jose";
import type { Clock } from "../../lib/time/clock.ts";
import type { Access } from "../authorizer.ts";
import { encodeSecret, secretAlgorithm } from "./token-keys.ts";

export interface MintTokenOptions {
  readonly secret: string;
  /** The access by room pattern. */
  readonly rooms: ReadonlyMap<string, Access>;
  readonly user?: string | undefined;
  readonly isAdmin: boolean;
  readonly lifetimeMs: number;
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly clock: Clock;
}

/**
 * Creates a token that is valid from now on, signed with HS256.
 *
 * Its times are exact to the millisecond, which NumericDate allows, so that a token minted right after a revocation
 * does not count as issued before it.
 */
export function mintToken(options: MintTokenOptions): Promise<string> {
  const { secret, rooms, user, isAdmin, lifetimeMs, issuer, audience, clock } = options;
  const now = clock.now();
  const jwt = new SignJWT({ rooms: Object.fromEntries(rooms), ...(isAdmin && { admin: true }) })
    .setProtectedHeader({ alg: secretAlgorithm, typ: "JWT" })
    .setJti(crypto.randomUUID())
    .setIssuedAt(now / 1_000)
    .setExpirationTime((now + lifetimeMs) / 1_000);
  if (user !== undefined) jwt.setSubject(user);
  if (issuer !== undefined) jwt.setIssuer(issuer);
  if (audience !== undefined) jwt.setAudience(audience);
  return jwt.sign(encodeSecret(secret));
}
