import type { RevocationOrder } from "../../../../client/server/access.ts";
import { visibleName } from "../../parts/visible-name.ts";

/** The effect of a revocation, before it is made: what ends, and what is rejected later. Empty for no target. */
export function effectsOf({ room, tokenId, user }: RevocationOrder): readonly string[] {
  const whose = user === undefined ? undefined : visibleName(user);
  const where = room === undefined ? undefined : `the rooms that match ${visibleName(room)}`;
  if (tokenId !== undefined) {
    const rest = [...(whose === undefined ? [] : [`of ${whose} `]), ...(where === undefined ? [] : [`in ${where} `])];
    return [
      `The connections ${rest.join("")}that use the token ${visibleName(tokenId)} lose their access within a second.`,
      "The token is rejected from now on, whenever it was issued.",
    ];
  }
  if (whose === undefined && where === undefined) return [];
  return [
    `${whose ?? "Everyone"} loses access to ${where ?? "all rooms"} within a second, in all open connections.`,
    "Matching tokens that were issued until now are rejected. Tokens that are issued later are accepted.",
  ];
}
