import { isLoopback } from "./loopback.ts";

/** The headers by which a proxy shows that it has forwarded a request. */
const forwardingHeaders = [
  ...["forwarded", "via", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
] as const;

/**
 * Why a request may not be one of a program on this machine: the rest of a sentence. Undefined if it is, as far as the
 * request shows: some proxies add no header.
 */
export function whyNotLocal(remoteAddress: string, headers: Headers): string | undefined {
  if (!isLoopback(remoteAddress)) return "the request does not come from this machine";
  const header = forwardingHeaders.find((name) => headers.has(name));
  if (header !== undefined) return `the request came through a proxy (it has the header ${header})`;
  const host = URL.parse(`http://${headers.get("host")}`)?.hostname;
  if (host === undefined || !isLoopback(host)) return "the request names a Host that is not this machine";
  // Browsers send no `Origin` with the images and links of a page, but tell that the page is foreign (Fetch Metadata §2.3).
  if (headers.get("sec-fetch-site") === "cross-site" && !headers.has("origin"))
    return "the request was caused by a page of another site";
  return undefined;
}
