import { createMetricsApi } from "../admin/metrics-api.ts";
import { MetricsGuard, type MetricsPolicy } from "../admin/metrics-guard.ts";
import { createProbeApi } from "../admin/probe-api.ts";
import type { Administration } from "../auth/administration.ts";
import type { Metrics } from "../ops/metrics.ts";
import { FolderWatch, type FolderWatchOptions } from "../storage/folder-watch.ts";
import { whyBehindProxy } from "./api/known-proxy.ts";
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
    whyNotReady: () => (watch.isIntact ? undefined : "the data folder, or a file in it, is not in its place"),
    drain: () => watch.finish(),
    reload: (next) => guard.reload(policyOf(next)),
    [Symbol.asyncDispose]: () => watch.close(),
  };
}

type MetricsSettings = Pick<ServerOptions, "metricsToken" | "metricsAddress" | "publicUrl" | "proxies">;

function policyOf(settings: MetricsSettings): MetricsPolicy {
  return { token: settings.metricsToken, whyTokenIsNeededHere: whyTokenIsNeededHere(settings) };
}

function whyTokenIsNeededHere(settings: MetricsSettings): string | undefined {
  const { metricsToken, metricsAddress } = settings;
  if (metricsToken !== undefined) return "metrics.token is set";
  if (metricsAddress !== undefined) return "metrics.listen names another address for requests without one";
  return whyBehindProxy(settings);
}
