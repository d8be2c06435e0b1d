import type { Denial } from "../../auth/authorizer.ts";

const expired = "Token expired";

export const missingToken = "Missing auth token. Request token from /api/auth/token endpoint first.";
export const otherUser = "User ID mismatch";

/** The error text for a client whose token does not permit the room, in OctateCode's own words. */
export function refusalText({ kind, code }: Pick<Denial, "kind" | "code">): string {
  if (kind === "unavailable") return "Authorization is unavailable, try again";
  if (kind === "early") return "Token not yet valid, try again";
  if (code === "no-token") return missingToken;
  if (code === "expired") return expired;
  if (code === "wrong-room") return "Not authorized for this room. Token is for another room";
  return "Invalid or expired token";
}

/** The error text for a permission that has ended, and for a denial in the dialect without tokens. */
export function endingText({ code, reason }: Denial): string {
  return code === "expired" ? expired : reason;
}
