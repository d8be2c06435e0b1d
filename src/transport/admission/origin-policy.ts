import { isLoopback } from "../../lib/address/loopback.ts";
import type { HttpRefusal } from "../protocol.ts";

export interface OriginPolicy {
  /** Whether the listener can be reached from this machine only. */
  readonly isForThisMachine: boolean;
  /** Of pages that may open connections, as browsers write them; of all, or of this machine's own, when it is empty. */
  readonly origins: ReadonlySet<string>;
}

/** Of a listener on `host`. */
export function originPolicyOf(host: string, origins: Iterable<string>): OriginPolicy {
  return { isForThisMachine: isLoopback(host), origins: new Set(origins) };
}

/** Whether this is one of the pages that are listed; this machine's own are, where nobody else can come. */
export function isListed(origin: string, { isForThisMachine, origins }: OriginPolicy): boolean {
  return origins.has(origin) || (isForThisMachine && isLoopbackUrl(origin));
}

/**
 * Keeps foreign web pages away from a listener that only this machine can reach.
 *
 * Any page can open a local socket, and DNS rebinding makes a foreign name resolve to this machine: so neither the
 * `Origin` nor the `Host` of a request may be foreign. A missing `Origin` is a program, not a page, and may enter.
 */
export function refuseForeign(headers: Headers, admission: OriginPolicy): HttpRefusal | undefined {
  if (!admission.isForThisMachine) return undefined;
  const host = headers.get("host");
  if (host === null || !isLoopbackUrl(`http://${host}`)) {
    return { status: 403, message: "This server is for this machine only: open it as 127.0.0.1 or localhost.\n" };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isListed(origin, admission)) {
    return { status: 403, message: "This server is for this machine only: pages of other origins may not use it.\n" };
  }
  return undefined;
}

/** Whether a page may open a connection: where origins are listed, one of these, this server's own, or none at all. */
export function refuseOrigin(headers: Headers, admission: OriginPolicy): HttpRefusal | undefined {
  const origin = headers.get("origin");
  if (admission.origins.size === 0 || origin === null || isListed(origin, admission)) return undefined;
  if (!admission.isForThisMachine && URL.parse(origin)?.host === headers.get("host")) return undefined;
  return { status: 403, message: "Pages of this origin may not connect.\n" };
}

function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname);
}
