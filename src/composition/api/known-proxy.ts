import { isLoopback } from "../../lib/address/loopback.ts";
import type { ServerOptions } from "../server-options.ts";

type ProxySettings = Pick<ServerOptions, "publicUrl" | "proxies">;

/**
 * Why requests of this machine may be those of a proxy, although they do not show it; undefined if no proxy is known.
 * Some proxies add no header that shows them.
 */
export function whyBehindProxy({ proxies, publicUrl }: ProxySettings): string | undefined {
  if (publicUrl !== undefined && !isLoopback(publicUrl.hostname))
    return "with a public URL, a proxy may send this request";
  return proxies.isEmpty ? undefined : "with proxy.trusted, a proxy may send this request";
}

/** Whether a request of this machine may be one that a proxy forwards. */
export function isBehindProxy(settings: ProxySettings): boolean {
  return whyBehindProxy(settings) !== undefined;
}
