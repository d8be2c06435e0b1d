import type { AccessPolicy, Permission } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import { accessIn } from "./token-claims.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** The same for rooms that are there and for those that are not. */
const wrongRoom: Denial = {
  granted: false,
  kind: "forbidden",
  code: "wrong-room",
  reason: "the token does not let its holder into this room",
};

/** Lets in who shows a token that names the room. */
export class TokenPolicy implements AccessPolicy {
  readonly isRenewable = false;
  readonly #verifier: TokenVerifier;

  constructor(verifier: TokenVerifier) {
    this.#verifier = verifier;
  }

  /** Who shows no token yet may do so in a first message. */
  async authenticate(token: string | undefined): Promise<Denial | undefined> {
    const verified = await this.#verifier.verify(token);
    return verified.granted || verified.code === "no-token" ? undefined : verified;
  }

  async decide({ token, room }: AccessRequest): Promise<Permission | Denial> {
    const verified = await this.#verifier.verify(token);
    if (!verified.granted) return verified;
    const { claims, user, tokenId, issuedAt, expiresAt } = verified;
    const access = accessIn(claims, room);
    return access === undefined ? wrongRoom : { granted: true, access, user, tokenId, issuedAt, expiresAt };
  }
}
