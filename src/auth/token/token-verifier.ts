import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import * as v from "valibot";
import type { Clock } from "../../lib/time/clock.ts";
import type { Denial, DenialCode } from "../authorizer.ts";
import type { AuthLimits } from "../limits.ts";
import { type TokenClaims, tokenClaims } from "./token-claims.ts";
import { KeysUnavailable, type SignatureHeader, secretAlgorithm, type TokenKeys } from "./token-keys.ts";

/** What a token says that is signed, in time, and meant for this server. */
export interface VerifiedToken {
  /** Unlike a denial; into which rooms is in the claims. */
  readonly granted: true;
  readonly claims: TokenClaims;
  readonly user: string | undefined;
  readonly tokenId: string | undefined;
  /** Epoch milliseconds, never in the future: what is here has been made. */
  readonly issuedAt: number | undefined;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
  readonly isAdmin: boolean;
}

export interface TokenVerifierOptions {
  readonly keys: TokenKeys;
  /** Undefined: tokens of every issuer that has a key. */
  readonly issuer?: string | undefined;
  /** Undefined: tokens for everybody. */
  readonly audience?: string | undefined;
  readonly limits: Pick<AuthLimits, "tokenMs">;
  readonly clock: Clock;
}

/** In characters: more than the header lines have room for that tokens come in. */
export const longestToken = 16_384;
/** How much the clock of whoever signs may be ahead of ours. */
const toleranceSeconds = 5;

/** Whether tokens are what they say. */
export class TokenVerifier {
  readonly #options: TokenVerifierOptions;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** Every token has an answer, within the deadline of the keys. */
  async verify(token: string | undefined): Promise<VerifiedToken | Denial> {
    if (token === undefined || token === "") return denial("no-token", "no token");
    if (token.length > longestToken) return denial("malformed-token", "the token is too long");
    const header = headerOf(token);
    if (header === undefined) return denial("malformed-token", "the token is not a JSON Web Token");
    if (!this.#options.keys.algorithms.has(header.alg)) {
      return denial("bad-signature", "the token is not signed in a way that counts here");
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
      // Also lets in what has expired a moment ago; `#examine` does not.
      clockTolerance: toleranceSeconds,
    };
    for await (const key of keys.candidates(header)) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        // What is no JOSEError is about a key that cannot be used, such as one that is too short.
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
    if (!parsed.success) return denial("malformed-token", "the token's claims are not as they should be");
    const claims = parsed.output;
    const now = clock.now();
    const expiresAt = milliseconds(claims.exp);
    const issuedAt = claims.iat === undefined ? undefined : milliseconds(claims.iat);
    if (expiresAt <= now) return denial("expired", "the token has expired");
    if (issuedAt !== undefined && issuedAt > now + toleranceSeconds * 1_000) {
      return denial("not-yet-valid", "the token was made in the future");
    }
    // Not from now on: it would be refused today and be good when its revocation is forgotten.
    if (expiresAt - (issuedAt ?? now) > limits.tokenMs) {
      return denial("malformed-token", "the token is good for longer than tokens may be");
    }
    return {
      granted: true,
      claims,
      user: claims.sub,
      tokenId: claims.jti,
      issuedAt: issuedAt === undefined ? undefined : Math.min(issuedAt, now),
      expiresAt,
      // What others sign says who somebody is; `admin` is a word that they use for purposes of their own.
      isAdmin: claims.admin && alg === secretAlgorithm,
    };
  }
}

function headerOf(token: string): SignatureHeader | undefined {
  try {
    const header = decodeProtectedHeader(token);
    return typeof header.alg === "string" ? { ...header, alg: header.alg } : undefined;
  } catch {
    return undefined;
  }
}

/** Of a NumericDate (RFC 7519 §2), which may have a fraction. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1_000);
}

function denial(code: DenialCode, reason: string): Denial {
  return { granted: false, kind: "unauthorized", code, reason };
}

function denialFor(error: unknown): Denial {
  if (error instanceof KeysUnavailable) {
    return { ...denial("unavailable", "the keys that verify tokens cannot be had just now"), kind: "unavailable" };
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return denial("bad-signature", "the token's signature is not of a key that counts here");
  }
  if (error instanceof errors.JWTExpired) return denial("expired", "the token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) return denialForClaim(error);
  if (error instanceof errors.JOSEError) return denial("malformed-token", "the token is not a JSON Web Token");
  throw error;
}

function denialForClaim({ claim, reason }: errors.JWTClaimValidationFailed): Denial {
  switch (claim) {
    case "iss":
      return denial("wrong-issuer", "the token is not of this issuer");
    case "aud":
      return denial("wrong-audience", "the token is not for this audience");
    case "exp":
      if (reason === "missing") return denial("malformed-token", "the token does not say when it expires");
      break;
    case "nbf":
      if (reason === "check_failed") return denial("not-yet-valid", "the token is not valid yet");
      break;
  }
  return denial("malformed-token", "the token's claims are not as they should be");
}
