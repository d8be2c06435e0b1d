import type { AccessApiOptions } from "../admin/access-api.ts";
import type { AuthOptions } from "../auth/auth-options.ts";
import { mintToken } from "../auth/token/mint-token.ts";
import { longestToken } from "../auth/token/token-verifier.ts";
import { systemClock } from "../lib/time/clock.ts";

/** Makes tokens that a server with these secrets, this issuer and audience takes for its own. */
export function tokenMinter({
  secrets: [secret = ""],
  issuer,
  audience,
}: Pick<AuthOptions, "secrets" | "issuer" | "audience">): AccessApiOptions["mint"] {
  const clock = systemClock;
  return async (order) => {
    const token = await mintToken({ ...order, secret, issuer, audience, clock });
    return token.length > longestToken ? "too-long" : { token, expiresAt: clock.now() + order.lifetimeMs };
  };
}
