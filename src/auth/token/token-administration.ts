import { bearerToken } from "../../lib/bearer-token.ts";
import type { Permission } from "../access-policy.ts";
import type { Administration } from "../administration.ts";
import type { Denial } from "../authorizer.ts";
import type { TokenVerifier } from "./token-verifier.ts";

export interface TokenAdministrationOptions {
  readonly verifier: TokenVerifier;
  /** Whether a token has been revoked for all rooms. */
  readonly isRevoked: (token: Pick<Permission, "user" | "tokenId" | "issuedAt">) => boolean;
}

const notAdmin: Denial = {
  granted: false,
  kind: "forbidden",
  code: "not-admin",
  reason: "the token does not grant admin access",
};

const revoked: Denial = { granted: false, kind: "unauthorized", code: "revoked", reason: "token revoked" };

/**
 * Allows administration with an admin token in the `Authorization` header. A token in the URL does not count, since
 * URLs end up in logs and browser histories.
 */
export class TokenAdministration implements Administration {
  readonly #options: TokenAdministrationOptions;

  constructor(options: TokenAdministrationOptions) {
    this.#options = options;
  }

  async refuse({ headers }: Request): Promise<Denial | undefined> {
    const { verifier, isRevoked } = this.#options;
    const verified = await verifier.verify(bearerToken(headers.get("authorization")));
    if (!verified.granted) return verified;
    if (isRevoked(verified)) return revoked;
    return verified.isAdmin ? undefined : notAdmin;
  }
}
