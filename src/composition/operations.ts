import { createMetricsApi } from "../admin/metrics-api.ts";
import { MetricsGuard } from "../admin/metrics-guard.ts";
import { createProbeApi } from "../admin/probe-api.ts";
import type { Administration } from "../auth/administration.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import type { Metrics } from "../ops/metrics.ts";
import { FolderWatch, type FolderWatchOptions } from "../storage/folder-watch.ts";
import type { Part } from "./part.ts";
import type { ServerOptions } from "./server-options.ts";

export interface OperationsOptions
  extends FolderWatchOptions,
    Pick<ServerOptions, "metricsToken" | "metricsAddress" | "publicUrl" | "proxies"> {
  readonly metrics: Metrics;
  readonly administration: Administration;
}

/**
 * The part of a server that shows its state, and watches its data folder. It is drained before the others, so that what
 * they store at the end is stored where the next start reads it.
 */
export function openOperations(options: OperationsOptions): Part {
  const { administration, metrics, metricsToken: token } = options;
  const watch = new FolderWatch(options);
  const guard = new MetricsGuard({ token, administration, whyTokenIsNeededHere: whyTokenIsNeededHere(options) });
  return {
    routes: createMetricsApi({ metrics, guard }).route("/", createProbeApi(options)),
    isReady: () => watch.isIntact,
    drain: () => watch.finish(),
    [Symbol.asyncDispose]: () => watch.close(),
  };
}

/**
 * Some proxies add no header that shows them, so that what they forward looks like a request of this machine. Where a
 * proxy is known, such requests need a token.
 */
function whyTokenIsNeededHere(options: OperationsOptions): string | undefined {
  const { metricsToken, metricsAddress, publicUrl, proxies } = options;
  if (metricsToken !== undefined) return "metrics.token is set";
  if (metricsAddress !== undefined) return "metrics.listen names another address for requests without one";
  if (publicUrl !== undefined && !isLoopback(publicUrl.hostname))
    return "with a public URL, a proxy may send this request";
  return proxies.isEmpty ? undefined : "with proxy.trusted, a proxy may send this request";
}
