import { decodeJwt } from "jose";
import * as v from "valibot";
import { claimSchemas } from "./token-claims.ts";
import type { TokenContents } from "./token-contents.ts";
import { maxTokenLength } from "./token-verifier.ts";

const text = v.string();

/**
 * Reads the claims of a token. Nothing of it is verified: the claims are for the sender of the token, and grant nothing.
 * Undefined for everything that is not a JWT.
 */
export function readToken(token: string | undefined): TokenContents | undefined {
  const payload = token === undefined || token.length > maxTokenLength ? undefined : payloadOf(token);
  if (payload === undefined) return undefined;
  const invalidClaims: string[] = [];
  const claim = <T>(name: string, schema: v.GenericSchema<unknown, T>): T | undefined => {
    const parsed = v.safeParse(schema, payload[name]);
    if (parsed.success) return parsed.output;
    invalidClaims.push(name);
    return undefined;
  };
  const { admin, exp, iat, jti, rooms, sub } = claimSchemas;
  return {
    user: claim("sub", sub),
    rooms: claim("rooms", rooms) ?? new Map(),
    isAdmin: claim("admin", admin) ?? false,
    tokenId: claim("jti", jti),
    issuer: claim("iss", v.optional(text)),
    audience: claim("aud", v.optional(v.union([text, v.array(text)]))),
    issuedAt: milliseconds(claim("iat", iat)),
    notBefore: milliseconds(claim("nbf", iat)),
    expiresAt: milliseconds(claim("exp", exp)),
    invalidClaims,
  };
}

function payloadOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}

/** Converts a NumericDate (RFC 7519 §2). */
function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1_000);
}
