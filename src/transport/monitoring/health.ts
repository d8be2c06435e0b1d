import { Hono } from "hono";
import type { HttpEnvironment } from "../protocol.ts";

export interface HealthOptions {
  /** Why the server cannot take updates, as sentences without full stops: it drains, or the store cannot write. */
  readonly whyNotReady: () => readonly string[];
  /** Further facts for `GET /readyz?verbose`. They do not decide whether the server is ready. */
  readonly readinessDetail?: () => Readonly<Record<string, unknown>>;
}

/** `GET /healthz`: the process answers. `GET /readyz`: it takes updates. */
export function healthRoutes({ whyNotReady, readinessDetail }: HealthOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const reasons = whyNotReady();
    const ready = reasons.length === 0;
    const status = ready ? 200 : 503;
    const text = ready ? "ready\n" : `not ready: ${reasons.join("; ")}\n`;
    if (context.req.query("verbose") === undefined) return context.text(text, status);
    return context.json({ ready, ...(!ready && { reasons }), ...readinessDetail?.() }, status);
  });
  return app;
}
