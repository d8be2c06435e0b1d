import { isLoopback } from "../../lib/address/loopback.ts";
import { OriginSet } from "../../lib/web-origin/origin-set.ts";
import { canonicalOrigin } from "../../lib/web-origin/web-origin.ts";
import type { HttpRefusal } from "../protocol.ts";
import { shownText } from "./shown-text.ts";

export interface OriginPolicy {
  /** Whether the listener can be reached from this machine only. */
  readonly isForThisMachine: boolean;
  /** Whether everyone who reaches the listener may enter. */
  readonly isOpen: boolean;
  /**
   * The origins of pages that may connect. Empty: all pages, or this machine's own pages where access is open. They are
   * read for each request: the owner of the policy may replace them.
   */
  readonly origins: OriginSet;
  /** The URL at which clients reach the server through a reverse proxy. */
  readonly publicUrl: URL | undefined;
}

/** A policy as its owner sees it, who may replace the origins while the server runs. */
export interface OwnedOriginPolicy extends OriginPolicy {
  origins: OriginSet;
}

/** The policy of a listener on `host`. By default access is open. Every text in `origins` must satisfy `isOriginPattern`. */
export function originPolicyOf(
  host: string,
  origins: Iterable<string>,
  { isOpen = true, publicUrl }: Partial<Pick<OriginPolicy, "isOpen" | "publicUrl">> = {},
): OwnedOriginPolicy {
  return { isForThisMachine: isLoopback(host), isOpen, origins: new OriginSet(origins), publicUrl };
}

/** A request that is refused for its `Host` or `Origin`, with the facts for the log. */
export interface ForeignRequest extends HttpRefusal {
  readonly kind: "host" | "origin";
  /** The refused header, shortened and escaped. */
  readonly value: string;
  readonly remedy: string;
}

/** Whether the origin is listed; the public URL's is, and on a listener for this machine loopback origins are. */
export function isListed(origin: string, policy: OriginPolicy): boolean {
  const { isForThisMachine, origins } = policy;
  return origins.has(origin) || isOfPublicUrl(origin, policy) || (isForThisMachine && isLoopbackUrl(origin));
}

/**
 * Keeps foreign web pages away from an open listener that only this machine can reach.
 *
 * Any page can open a local socket, and DNS rebinding makes a foreign name resolve to this machine: so neither the
 * `Origin` nor the `Host` of a request may be foreign. A missing `Origin` is a program, not a page, and may enter.
 * Where a token or the application decides, a page has no more access than a program, and the list of origins suffices.
 */
export function refuseForeign(headers: Headers, policy: OriginPolicy): ForeignRequest | undefined {
  if (!policy.isForThisMachine || !policy.isOpen) return undefined;
  const host = headers.get("host") ?? "";
  if (!isOwnHost(host, policy)) {
    const value = shownText(host);
    const remedy = "Name the URL that clients use with --public-url, or open the server as 127.0.0.1 or localhost.";
    const message = `This server accepts local connections only, and the Host of this request is "${value}". ${remedy}\n`;
    return { kind: "host", value, status: 403, message, remedy };
  }
  const origin = headers.get("origin");
  if (origin === null || isListed(origin, policy)) return undefined;
  const value = shownText(origin);
  return foreignOrigin(
    value,
    `Pages of the origin "${value}" may not use this server, which accepts local pages only.`,
  );
}

/** Where origins are listed, refuses pages of other origins, but neither programs nor this server's own pages. */
export function refuseOrigin(headers: Headers, policy: OriginPolicy): ForeignRequest | undefined {
  const origin = headers.get("origin");
  if (policy.origins.isEmpty || origin === null || isListed(origin, policy)) return undefined;
  const isTrustworthyHost = !policy.isForThisMachine || !policy.isOpen;
  if (isTrustworthyHost && isOwnPage(origin, headers.get("host"))) return undefined;
  const value = shownText(origin);
  return foreignOrigin(value, `Pages of the origin "${value}" may not connect.`);
}

/** Why a page of this origin may not connect to `host`, for people; undefined if it may. */
export function whyOriginRefused(origin: string, host: string, policy: OriginPolicy): string | undefined {
  const headers = new Headers({ origin, host });
  return (refuseForeign(headers, policy) ?? refuseOrigin(headers, policy))?.message.trimEnd();
}

/** Whether the page was loaded from the host of the request, over HTTP or HTTPS. */
function isOwnPage(origin: string, host: string | null): boolean {
  const [scheme] = /^https?:\/\//i.exec(origin) ?? [];
  return scheme !== undefined && host !== null && canonicalOrigin(origin) === canonicalOrigin(scheme + host);
}

function foreignOrigin(value: string, fact: string): ForeignRequest {
  const remedy = "Add the origin to --auth-origins if its pages may connect.";
  return { kind: "origin", value, status: 403, message: `${fact} ${remedy}\n`, remedy };
}

/** The names of this machine, of the public URL and of the listed origins: an attacker's page has none of them. */
function isOwnHost(host: string, { origins, publicUrl }: OriginPolicy): boolean {
  const hostname = URL.parse(`http://${host}`)?.hostname;
  if (hostname === undefined || /[/\\?#@]/.test(host)) return false;
  return isLoopback(hostname) || hostname === publicUrl?.hostname || origins.hasHostname(hostname);
}

function isOfPublicUrl(origin: string, { publicUrl }: OriginPolicy): boolean {
  return publicUrl !== undefined && canonicalOrigin(origin) === publicUrl.origin;
}

function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname);
}
