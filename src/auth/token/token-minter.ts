import type { Clock } from "../../lib/time/clock.ts";
import type { MintToken } from "../token-order.ts";
import { mintToken } from "./mint-token.ts";
import { maxTokenLength } from "./token-verifier.ts";

/** The minter reads these for each token: their owner may change them. */
export interface TokenMinterOptions {
  /** The first secret signs. */
  readonly secrets: readonly string[];
  /** The `iss` and `aud` of the tokens. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  readonly clock: Clock;
}

/** Mints tokens that a server with the same secrets, issuer and audience accepts. */
export function tokenMinter(options: TokenMinterOptions): MintToken {
  return async (order) => {
    const { secrets, issuer, audience, clock } = options;
    const [secret = ""] = secrets;
    const token = await mintToken({ ...order, secret, issuer, audience, clock });
    return token.length > maxTokenLength ? "too-long" : { token, expiresAt: clock.now() + order.lifetimeMs };
  };
}
