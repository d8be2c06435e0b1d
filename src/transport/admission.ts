import { isLoopback } from "../lib/loopback.ts";

/** Why a request is not served at all: refused with an HTTP status, before any upgrade. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * Keeps foreign web pages away from a listener that only this machine can reach.
 *
 * Any page can open a local socket, and DNS rebinding makes a foreign name resolve to this machine: so neither the
 * `Origin` nor the `Host` of a request may be foreign. A missing `Origin` is a program, not a page, and may enter.
 */
export function refuseForeign(headers: Headers): Refusal | undefined {
  const host = headers.get("host");
  if (host === null || !isLoopbackUrl(`http://${host}`)) {
    return { status: 403, message: "This server is for this machine only: open it as 127.0.0.1 or localhost.\n" };
  }
  const origin = headers.get("origin");
  if (origin !== null && !isLoopbackUrl(origin)) {
    return { status: 403, message: "This server is for this machine only: pages of other origins may not use it.\n" };
  }
  return undefined;
}

function isLoopbackUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && isLoopback(url.hostname);
}
