import type { Denial } from "../../auth/authorizer.ts";
import { isTemporary } from "../../rooms/denial.ts";
import { Problem } from "../problems.ts";

const sendCredential = "Send an API key or a token as Authorization: Bearer.";

/** The problem of a request that is denied. `remedy` is for one that has shown no token. */
export function problemOfDenial(denial: Denial, remedy = sendCredential): Problem {
  const { code, kind, reason } = denial;
  if (kind === "deleted") return new Problem("document-deleted", "The document is deleted.");
  const retry: Record<string, string> = isTemporary(denial) ? { "retry-after": "5" } : {};
  if (kind === "unavailable")
    return new Problem("authorization-unavailable", `${sentence(reason)} Try again later.`, { headers: retry });
  if (kind === "forbidden") return new Problem("forbidden", sentence(reason), { denial: code });
  return new Problem("unauthorized", sentence(reason) + (code === "no-token" ? ` ${remedy}` : ""), {
    denial: code,
    headers: { "www-authenticate": "Bearer", ...retry },
  });
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
