import { Hono } from "hono";
import { isLoopback } from "../lib/address/loopback.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";

/** The headers by which a proxy shows that it has forwarded a request. */
const forwardingHeaders = [
  ...["forwarded", "via", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
] as const;

/**
 * `GET /metrics` in Prometheus' text format, for programs on this machine. It needs no token, so a request that a proxy
 * on this machine has forwarded for somebody else is refused.
 */
export function createMetricsApi({ registry }: Pick<Metrics, "registry">): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.get("/metrics", async (context) => {
    const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
    const refusal = refuse(context.env.remoteAddress, context.req.raw.headers);
    if (refusal !== undefined) return context.text(`${refusal}\n`, 403, headers);
    return context.body(await registry.metrics(), 200, { ...headers, "content-type": registry.contentType });
  });
  return app;
}

/** Why the sender may not read the metrics, and the remedy; undefined if it may. */
function refuse(remoteAddress: string, headers: Headers): string | undefined {
  if (!isLoopback(remoteAddress))
    return "Metrics are for programs on this machine: ask for them on a loopback address.";
  const header = forwardingHeaders.find((name) => headers.has(name));
  if (header !== undefined)
    return `Metrics are not served through a proxy (the request has the header ${header}): ask Yurt's own port.`;
  const host = URL.parse(`http://${headers.get("host")}`)?.hostname;
  if (host === undefined || !isLoopback(host))
    return "Metrics are for programs on this machine: ask for them as 127.0.0.1 or localhost.";
  return undefined;
}
