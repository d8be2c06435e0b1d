import { Slots } from "../../api/bounds/slots.ts";
import type { ContentLimits } from "./limits.ts";

/** The slots of a server for requests that read or change the content of documents, or such work, those that wait included. */
export function contentSlots(
  limits: Pick<ContentLimits, "contentRequests" | "contentRequestsPerCaller">,
  work = "requests for the content of documents",
): Slots {
  return new Slots({
    work,
    inAll: { limit: () => limits.contentRequests, bound: "limits.content-requests" },
    perCaller: { limit: () => limits.contentRequestsPerCaller, bound: "limits.content-requests-per-caller" },
  });
}

/** The slots of a server for exports and imports, each of which holds a whole document in memory, or for such work. */
export function copySlots(
  limits: Pick<ContentLimits, "apiCopies" | "apiCopiesPerCaller">,
  work = "exports and imports",
): Slots {
  return new Slots({
    work,
    inAll: { limit: () => limits.apiCopies, bound: "limits.api-copies" },
    perCaller: { limit: () => limits.apiCopiesPerCaller, bound: "limits.api-copies-per-caller" },
  });
}
