import type { AccessPolicy, Permission } from "../access-policy.ts";
import type { AccessRequest, Denial } from "../authorizer.ts";
import { accessIn } from "./token-claims.ts";
import type { TokenVerifier } from "./token-verifier.ts";

/** The denial is the same for rooms that exist and for rooms that do not, so that it reveals none. */
const wrongRoom: Denial = {
  granted: false,
  kind: "forbidden",
  code: "wrong-room",
  reason: "the token does not grant access to this room",
};

/** Grants access with a token whose patterns match the room. */
export class TokenPolicy implements AccessPolicy {
  readonly isRenewable = false;
  readonly #verifier: TokenVerifier;

  constructor(verifier: TokenVerifier) {
    this.#verifier = verifier;
  }

  /** A missing token is no denial yet: the client may send one in its first message. */
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
