import * as v from "valibot";
import { comparable } from "../auth/identifiers.ts";
import type { Revocation } from "../auth/revocation.ts";

/** A name without a bound: a revocation of an earlier version must not keep the server from starting. */
const name = v.pipe(v.string(), v.transform(comparable));

const schema: v.GenericSchema<unknown, Revocation> = v.pipe(
  v.object({
    user: v.optional(name),
    room: v.optional(name),
    tokenId: v.optional(v.string()),
    revokedAt: v.pipe(v.number(), v.finite()),
    until: v.pipe(v.number(), v.finite()),
  }),
  v.check(({ user, room, tokenId }) => user !== undefined || room !== undefined || tokenId !== undefined),
);

/** A revocation as JSON in one line, whatever characters its names have. */
export function revocationText(revocation: Revocation): string {
  return JSON.stringify(revocation);
}

/** Undefined for a text that is no revocation. */
export function parseRevocation(text: string): Revocation | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
