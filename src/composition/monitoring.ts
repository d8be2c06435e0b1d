import { Hono } from "hono";
import { createMetricsApi } from "../admin/metrics-api.ts";
import type { Clock } from "../lib/time/clock.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { type HealthOptions, healthRoutes } from "../transport/monitoring/health.ts";
import { type HttpListener, openHttpListener } from "../transport/monitoring/http-listener.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import type { ServerOptions } from "./server-options.ts";

export interface MonitoringOptions extends HealthOptions {
  readonly address: NonNullable<ServerOptions["metricsAddress"]>;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Listens on the address for monitoring: only metrics and health, without a token. Throws the system's error, with the
 * `port` and the `setting`, when it cannot.
 */
export function openMonitoring({ address, clock, log, metrics, ...health }: MonitoringOptions): HttpListener {
  const app = new Hono<HttpEnvironment>();
  app.route("/", healthRoutes(health));
  app.route("/", createMetricsApi({ metrics, guard: undefined }));
  app.onError((error) => {
    throw error;
  });
  app.notFound((context) => context.text("Not found. Here are /metrics, /healthz and /readyz.\n", 404));
  try {
    return openHttpListener({ ...address, fetch: app.fetch, limitedLog: new LimitedLog(log, clock) });
  } catch (error) {
    throw error instanceof Error
      ? Object.assign(error, { port: address.port, setting: "metrics.listen" as const })
      : error;
  }
}
