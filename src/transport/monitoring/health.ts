import { Hono } from "hono";
import type { HttpEnvironment } from "../protocol.ts";

export interface HealthOptions {
  /** False while the server cannot take updates: it is draining, or the store cannot write. */
  readonly isReady: () => boolean;
  /** Further facts for `GET /readyz?verbose`. They do not decide whether the server is ready. */
  readonly readinessDetail?: () => Readonly<Record<string, unknown>>;
}

/** `GET /healthz`: the process answers. `GET /readyz`: it takes updates. */
export function healthRoutes({ isReady, readinessDetail }: HealthOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const ready = isReady();
    const status = ready ? 200 : 503;
    if (context.req.query("verbose") === undefined) return context.text(ready ? "ready\n" : "not ready\n", status);
    return context.json({ ready, ...readinessDetail?.() }, status);
  });
  return app;
}
