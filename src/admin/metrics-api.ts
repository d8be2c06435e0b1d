import { Hono } from "hono";
import type { Metrics } from "../ops/metrics.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import type { MetricsGuard } from "./metrics-guard.ts";

export interface MetricsApiOptions {
  readonly metrics: Pick<Metrics, "registry">;
  /** Undefined where everyone who reaches the server may read the metrics. */
  readonly guard: Pick<MetricsGuard, "refuse"> | undefined;
}

/** `GET /metrics` in Prometheus' text format. */
export function createMetricsApi({ metrics: { registry }, guard }: MetricsApiOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.get("/metrics", async (context) => {
    const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
    const refusal = await guard?.refuse(context.req.raw, context.env.remoteAddress);
    if (refusal !== undefined) {
      const { message, status } = refusal;
      const challenge: Record<string, string> = status === 401 ? { "www-authenticate": "Bearer" } : {};
      return new Response(message, { status, headers: { ...headers, ...challenge } });
    }
    return context.body(await registry.metrics(), 200, { ...headers, "content-type": registry.contentType });
  });
  return app;
}
