import { isLoopback } from "../../lib/address/loopback.ts";
import type { HttpRefusal } from "../protocol.ts";

export interface OriginPolicy {
  /** Whether the listener can be reached from this machine only. */
  readonly isForThisMachine: boolean;
  /** The origins of pages that may connect, as browsers write them. Empty: all pages, or this machine's own pages. */
  readonly origins: ReadonlySet<string>;
}

/** The policy of a listener on `host`. */
export function originPolicyOf(host: string, origins: Iterable<string>): OriginPolicy {
  return { isForThisMachine: isLoopback(host), origins: new Set(origins) };
}

/** Whether the origin is listed; on a listener for this machine, loopback origins are. */
export function isListed(origin: string, { isForThisMachine, origins }: OriginPolicy): boolean {
  return origins.has(origin) || (isForThisMachine && isLoopbackUrl(origin));
}

/**
 * Keeps foreign web pages away from a listener that only this machine can reach.
 *
 * Any page can open a local socket, and DNS rebinding makes a foreign name resolve to this machine: so neither the
 * `Origin` nor the `Host` of a request may be foreign. A missing `Origin` is a program, not a page, and may enter.
 */
export function refuseForeign(headers: Headers, policy: OriginPolicy): HttpRefusal | undefined {
  if (!policy.isForThisMachine) return undefined;
  const host = headers.get("host");
  if (host === null || !isLoopbackUrl(`http://${host}`)) {
    return { status: 403, message: "This server is for this machine only: open it as 127.0.0.1 or localhost.\n" };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isListed(origin, policy)) {
    return { status: 403, message: "This server is for this machine only: pages of other origins may not use it.\n" };
  }
  return undefined;
}

/** Where origins are listed, refuses pages of other origins, but neither programs nor this server's own pages. */
export function refuseOrigin(headers: Headers, policy: OriginPolicy): HttpRefusal | undefined {
  const origin = headers.get("origin");
  if (policy.origins.size === 0 || origin === null || isListed(origin, policy)) return undefined;
  if (!policy.isForThisMachine && URL.parse(origin)?.host === headers.get("host")) return undefined;
  return { status: 403, message: "Pages of this origin may not connect.\n" };
}

function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname);
}
