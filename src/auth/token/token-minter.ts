import type { Clock } from "../../lib/time/clock.ts";
import type { AuthOptions } from "../auth-options.ts";
import type { MintToken } from "../token-order.ts";
import { mintToken } from "./mint-token.ts";
import { maxTokenLength } from "./token-verifier.ts";

export interface TokenMinterOptions extends Pick<AuthOptions, "issuer" | "audience"> {
  /** The first secret signs. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

/** Mints tokens that a server with the same secrets, issuer and audience accepts. */
export function tokenMinter({ secrets: [secret = ""], issuer, audience, clock }: TokenMinterOptions): MintToken {
  return async (order) => {
    const token = await mintToken({ ...order, secret, issuer, audience, clock });
    return token.length > maxTokenLength ? "too-long" : { token, expiresAt: clock.now() + order.lifetimeMs };
  };
}
