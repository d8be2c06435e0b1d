import * as v from "valibot";
import { demandNoPrefix } from "../../api/caller.ts";
import { integer } from "../../api/parameters.ts";
import { json, type Route, route } from "../../api/route.ts";
import type { Revocation } from "../../auth/revocation.ts";
import { time } from "../overview/server-schemas.ts";

export interface RevocationRoutesOptions {
  /** The revocations in force, in the order in which they were added. */
  readonly revocations: () => readonly Revocation[];
}

const mostShown = 500;
/** The last millisecond that RFC 3339 can write. A revocation may be kept for longer. */
const latestTimeMs = Date.UTC(9_999, 11, 31, 23, 59, 59, 999);

const nameOrNull = (description: string) => v.pipe(v.nullable(v.string()), v.description(description));

const shownRevocation = v.object({
  user: nameOrNull("The user id; null for everybody"),
  room: nameOrNull("The room pattern; null for all rooms"),
  tokenId: nameOrNull("The id of one token; null for all tokens"),
  revokedAt: time("Tokens that were issued until then are rejected; with a `tokenId`, whenever it was issued"),
  until: time("When the revocation is forgotten: everything that it revokes has expired by then"),
});

const shownRevocations = v.pipe(
  v.object({
    items: v.pipe(v.array(shownRevocation), v.description("The latest first")),
    total: v.pipe(v.number(), v.description("The number of revocations in force")),
  }),
  v.title("Revocations"),
);

/** The route that lists revocations, which `POST /api/revocations` adds. */
export function revocationRoutes({ revocations }: RevocationRoutesOptions): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/v1/revocations",
      id: "listRevocations",
      tag: "Administration",
      needs: "docs:admin",
      summary: "List the revocations in force",
      query: {
        limit: integer({ description: "The most revocations in the answer", min: 1, max: mostShown, byDefault: 50 }),
      },
      answers: { 200: { description: "The latest revocations", json: shownRevocations } },
      handle: ({ caller, query }) => {
        demandNoPrefix(caller, "revocations concern all documents");
        const inForce = revocations();
        return json({ items: inForce.slice(-query.limit).toReversed().map(showRevocation), total: inForce.length });
      },
    }),
  ];
}

function showRevocation({ revokedAt, room, tokenId, until, user }: Revocation): v.InferOutput<typeof shownRevocation> {
  const target = { user: user ?? null, room: room ?? null, tokenId: tokenId ?? null };
  return { ...target, revokedAt: isoTime(revokedAt), until: isoTime(until) };
}

function isoTime(ms: number): string {
  return new Date(Math.min(ms, latestTimeMs)).toISOString();
}
