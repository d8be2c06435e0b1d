import { Hono } from "hono";
import type { HttpEnvironment } from "../protocol.ts";

export interface HealthOptions {
  /** False while the server cannot take updates: it is draining, or the store cannot write. */
  readonly isReady: () => boolean;
}

/** `GET /healthz`: the process answers. `GET /readyz`: it takes updates. */
export function healthRoutes({ isReady }: HealthOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => (isReady() ? context.text("ready\n") : context.text("not ready\n", 503)));
  return app;
}
