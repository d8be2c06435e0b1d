import * as v from "valibot";
import type { Access } from "../authorizer.ts";
import { absentIfEmpty, comparable, tokenId, userId } from "../identifiers.ts";
import { matchesRoom } from "../room-pattern.ts";
import { roomPermissions } from "../room-permissions.ts";

/** The claims of a token, under their JWT names. Other claims are ignored. Times are seconds since 1970. */
export interface TokenClaims {
  readonly sub?: string | undefined;
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly jti?: string | undefined;
  /** The access by room pattern. */
  readonly rooms: ReadonlyMap<string, Access>;
  /** Grants access to the administration API, and to no room. */
  readonly admin: boolean;
}

const seconds = v.pipe(v.number(), v.finite());

/** The schemas of the claims, each by itself. */
export const claimSchemas = {
  sub: v.optional(absentIfEmpty(userId)),
  exp: seconds,
  iat: v.optional(seconds),
  jti: v.optional(absentIfEmpty(tokenId)),
  rooms: v.optional(roomPermissions, () => ({})),
  admin: v.optional(v.boolean(), false),
};

/** The schema of the payload of a token whose signature has been verified. */
export const tokenClaims: v.GenericSchema<unknown, TokenClaims> = v.object(claimSchemas);

/** The highest access of all patterns that match the room. */
export function accessIn(claims: Pick<TokenClaims, "rooms">, room: string): Access | undefined {
  const name = comparable(room);
  let highest: Access | undefined;
  for (const [pattern, access] of claims.rooms) {
    if (highest === access || !matchesRoom(pattern, name)) continue;
    if (access === "write") return access;
    highest = access;
  }
  return highest;
}
