import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import * as v from "valibot";
import type { Clock } from "../../lib/time/clock.ts";
import type { Denial, DenialCode } from "../authorizer.ts";
import { clockToleranceMs } from "../clock-tolerance.ts";
import { apiKeyDenial } from "../keys/api-key-denial.ts";
import type { AuthLimits } from "../limits.ts";
import { type TokenClaims, tokenClaims } from "./token-claims.ts";
import { KeysUnavailable, type SignatureHeader, secretAlgorithm, type TokenKeys } from "./token-keys.ts";

/** A token whose signature, times, issuer and audience have been verified. */
export interface VerifiedToken {
  /** Distinguishes a verified token from a denial. The claims say which rooms it grants access to. */
  readonly granted: true;
  readonly claims: TokenClaims;
  readonly user: string | undefined;
  readonly tokenId: string | undefined;
  /**
   * Epoch milliseconds, never in the future: a time within the tolerance is replaced by now, and a later one counts as
   * unknown, so that every revocation matches.
   */
  readonly issuedAt: number | undefined;
  /** Epoch milliseconds, the tolerance included. */
  readonly expiresAt: number;
  readonly isAdmin: boolean;
}

/** The verifier reads these for each token: their owner may change them. */
export interface TokenVerifierOptions {
  readonly keys: TokenKeys;
  /** The required `iss`; undefined to accept every issuer that has a key. */
  readonly issuer?: string | undefined;
  /** The required `aud`; undefined to accept every audience. */
  readonly audience?: string | undefined;
  readonly limits: Pick<AuthLimits, "tokenMs">;
  readonly clock: Clock;
}

/** The greatest length in characters: more than fits into the HTTP header lines that carry tokens. */
export const maxTokenLength = 16_384;
/** Verifies the signature and the claims of tokens. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** Verifies a token within the deadline of the keys. An invalid token is a denial, not a rejection. */
  async verify(token: string | undefined): Promise<VerifiedToken | Denial> {
    if (token === undefined || token === "") return denial("no-token", "no token");
    if (token.length > maxTokenLength) return denial("malformed-token", "token too long");
    const ofKey = apiKeyDenial(token);
    if (ofKey !== undefined) return ofKey;
    const header = isCanonical(token) ? headerOf(token) : undefined;
    if (header === undefined) return denial("malformed-token", "not a JSON Web Token (JWT)");
    if (!this.#options.keys.algorithms.has(header.alg)) {
      return denial("bad-signature", "unsupported signing algorithm");
    }
    try {
      return this.#examine(await this.#payloadOf(token, header), header);
    } catch (error) {
      return denialFor(error);
    }
  }

  async #payloadOf(token: string, header: SignatureHeader): Promise<JWTPayload> {
    const { keys, issuer, audience, clock } = this.#options;
    const options = {
      algorithms: [header.alg],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      requiredClaims: ["exp"],
      currentDate: new Date(clock.now()),
      clockTolerance: clockToleranceMs / 1_000,
    };
    for await (const key of keys.candidates(header)) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        // Other errors concern a key that cannot be used, such as an RSA key that is too short.
        const isOfToken =
          error instanceof errors.JOSEError && !(error instanceof errors.JWSSignatureVerificationFailed);
        if (isOfToken) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  #examine(payload: JWTPayload, { alg }: SignatureHeader): VerifiedToken | Denial {
    const { limits, clock } = this.#options;
    const parsed = v.safeParse(tokenClaims, payload);
    if (!parsed.success) return denial("malformed-token", "invalid claims");
    const claims = parsed.output;
    const now = clock.now();
    const expiresAt = milliseconds(claims.exp) + clockToleranceMs;
    const issuedAt = claims.iat === undefined ? undefined : milliseconds(claims.iat);
    const latestIssue = now + clockToleranceMs;
    // The library compares whole seconds.
    if (expiresAt <= now) return denial("expired", "token expired");
    // The lifetime counts from the issue time. Counted from now, a token with a longer one would be denied today and
    // accepted later, when its revocation has been removed.
    if (milliseconds(claims.exp) - Math.min(issuedAt ?? now, latestIssue) > limits.tokenMs) {
      return denial("malformed-token", "the token's lifetime exceeds the limit");
    }
    return {
      granted: true,
      claims,
      user: claims.sub,
      tokenId: claims.jti,
      issuedAt: issuedAt === undefined || issuedAt > latestIssue ? undefined : Math.min(issuedAt, now),
      expiresAt,
      // Only the server's own secrets may sign admin tokens: an external issuer may use `admin` for something else.
      isAdmin: claims.admin && alg === secretAlgorithm,
    };
  }
}

/**
 * Whether no other text stands for the same token. The library's decoder ignores padding, white space and the unused
 * bits of a last character.
 */
function isCanonical(token: string): boolean {
  return token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

function headerOf(token: string): SignatureHeader | undefined {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (typeof alg !== "string") return undefined;
    // Only key sets change while the server runs.
    const claimedIssueTime = alg === secretAlgorithm ? undefined : claimedIssueTimeOf(token);
    return {
      alg,
      ...(kid !== undefined && { kid }),
      ...(claimedIssueTime !== undefined && { claimedIssueTime }),
    };
  } catch {
    return undefined;
  }
}

/** Reads `iat` before the signature is verified; undefined if there is none. */
function claimedIssueTimeOf(token: string): number | undefined {
  try {
    const { iat } = decodeJwt(token);
    return typeof iat === "number" ? milliseconds(iat) : undefined;
  } catch {
    return undefined;
  }
}

/** Converts a NumericDate (RFC 7519 §2), which may have a fraction. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1_000);
}

function denial(code: DenialCode, reason: string): Denial {
  return { granted: false, kind: "unauthorized", code, reason };
}

function denialFor(error: unknown): Denial {
  if (error instanceof KeysUnavailable) {
    return { ...denial("unavailable", "the keys that verify tokens are unavailable"), kind: "unavailable" };
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return denial("bad-signature", "invalid token signature");
  }
  if (error instanceof errors.JWTExpired) return denial("expired", "token expired");
  if (error instanceof errors.JWTClaimValidationFailed) return denialForClaim(error);
  if (error instanceof errors.JOSEError) return denial("malformed-token", "not a JSON Web Token (JWT)");
  throw error;
}

function denialForClaim({ claim, reason }: errors.JWTClaimValidationFailed): Denial {
  switch (claim) {
    case "iss":
      return denial("wrong-issuer", "wrong issuer (iss)");
    case "aud":
      return denial("wrong-audience", "wrong audience (aud)");
    case "exp":
      if (reason === "missing") return denial("malformed-token", "the token has no expiry (exp)");
      break;
    case "nbf":
      if (reason === "check_failed") return { ...denial("not-yet-valid", "token not yet valid (nbf)"), kind: "early" };
      break;
  }
  return denial("malformed-token", "invalid claims");
}
