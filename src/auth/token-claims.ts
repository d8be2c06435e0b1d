import * as v from "valibot";
import type { Access } from "./authorizer.ts";
import { longestPattern, matchesRoom } from "./room-pattern.ts";

/** What a token says, under its own names; what else it says does not matter. Times are seconds since 1970. */
export interface TokenClaims {
  readonly sub?: string | undefined;
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly jti?: string | undefined;
  /** By room pattern. */
  readonly rooms: ReadonlyMap<string, Access>;
  /** Lets its holder administer the server, and into no room. */
  readonly admin: boolean;
}

const mostPatterns = 1_000;

const seconds = v.pipe(v.number(), v.finite());

const rooms = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value)),
  // Not `v.record`, which passes over `__proto__`, a room like any other.
  v.transform((patterns) => new Map<string, unknown>(Object.entries(patterns))),
  v.map(v.pipe(v.string(), v.maxLength(longestPattern)), v.picklist(["read", "write"])),
  v.maxSize(mostPatterns),
);

/** Of the payload of a token whose signature is known to be good. */
export const tokenClaims: v.GenericSchema<unknown, TokenClaims> = v.object({
  sub: v.optional(v.string()),
  exp: seconds,
  iat: v.optional(seconds),
  jti: v.optional(v.string()),
  rooms: v.optional(rooms, () => ({})),
  admin: v.optional(v.boolean(), false),
});

/** The highest access of all patterns that mean the room. */
export function accessIn(claims: Pick<TokenClaims, "rooms">, room: string): Access | undefined {
  let highest: Access | undefined;
  for (const [pattern, access] of claims.rooms) {
    if (highest === access || !matchesRoom(pattern, room)) continue;
    if (access === "write") return access;
    highest = access;
  }
  return highest;
}
