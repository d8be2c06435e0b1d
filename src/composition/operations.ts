import { createMetricsApi } from "../admin/metrics-api.ts";
import { MetricsGuard, type MetricsPolicy } from "../admin/metrics-guard.ts";
import { createProbeApi } from "../admin/probe-api.ts";
import type { Administration } from "../auth/administration.ts";
import { isLoopback } from "../lib/address/loopback.ts";
import type { Metrics } from "../ops/metrics.ts";
import { FolderWatch, type FolderWatchOptions } from "../storage/folder-watch.ts";
import type { Part } from "./part.ts";
import type { ServerOptions } from "./server-options.ts";

export interface OperationsOptions extends FolderWatchOptions, MetricsSettings {
  readonly metrics: Metrics;
  readonly administration: Administration;
}

/**
 * The part of a server that shows its state, and watches its data folder. It is drained before the others, so that what
 * they store at the end is stored where the next start reads it.
 */
export function openOperations(options: OperationsOptions): Part {
  const { administration, metrics } = options;
  const watch = new FolderWatch(options);
  const guard = new MetricsGuard({ administration, ...policyOf(options) });
  return {
    routes: createMetricsApi({ metrics, guard }).route("/", createProbeApi(options)),
    isReady: () => watch.isIntact,
    drain: () => watch.finish(),
    reload: (next) => guard.reload(policyOf(next)),
    [Symbol.asyncDispose]: () => watch.close(),
  };
}

type MetricsSettings = Pick<ServerOptions, "metricsToken" | "metricsAddress" | "publicUrl" | "proxies">;

function policyOf(settings: MetricsSettings): MetricsPolicy {
  return { token: settings.metricsToken, whyTokenIsNeededHere: whyTokenIsNeededHere(settings) };
}

/**
 * Some proxies add no header that shows them, so that what they forward looks like a request of this machine. Where a
 * proxy is known, such requests need a token.
 */
function whyTokenIsNeededHere(settings: MetricsSettings): string | undefined {
  const { metricsToken, metricsAddress, publicUrl, proxies } = settings;
  if (metricsToken !== undefined) return "metrics.token is set";
  if (metricsAddress !== undefined) return "metrics.listen names another address for requests without one";
  if (publicUrl !== undefined && !isLoopback(publicUrl.hostname))
    return "with a public URL, a proxy may send this request";
  return proxies.isEmpty ? undefined : "with proxy.trusted, a proxy may send this request";
}
