import type { Denial } from "../../auth/authorizer.ts";

const expired = "Token expired";

export const missingToken = "Missing auth token. Request token from /api/auth/token endpoint first.";
export const otherUser = "User ID mismatch";

/** Why a client may not enter with its token, as OctateCode's clients know it. */
export function refusalText({ kind, code }: Pick<Denial, "kind" | "code">): string {
  if (kind === "unavailable") return "Authorization is unavailable, try again";
  if (code === "no-token") return missingToken;
  if (code === "expired") return expired;
  if (code === "wrong-room") return "Not authorized for this room. Token is for another room";
  return "Invalid or expired token";
}

/** Why a client may not stay; or not enter, where its dialect knows of no tokens. */
export function endingText({ code, reason }: Denial): string {
  return code === "expired" ? expired : reason;
}
