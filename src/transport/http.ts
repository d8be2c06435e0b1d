import { Hono } from "hono";
import type { Assets } from "./assets.ts";
import type { HttpEnvironment, Protocol } from "./protocol.ts";

export interface HttpOptions {
  readonly protocols: readonly Protocol[];
  /** Routes of the server's own. */
  readonly api?: Hono<HttpEnvironment>;
  /** For the compatibility ports: their routes come before all others. */
  readonly isForCompatibility?: boolean;
  /** False while the server cannot take updates: it is draining, or the store cannot write. */
  readonly isReady: () => boolean;
  /** The pages, and the files that they name. */
  readonly assets: Assets;
  /** What the demo asks for before it starts: which server this is, whether it relays documents, and asks who comes. */
  readonly demo: { readonly version: string; readonly sync: boolean; readonly isProtected: boolean };
}

/** Everything that is answered without an upgrade. */
export function createHttp(options: HttpOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  if (options.isForCompatibility === true) {
    for (const { compatibility } of options.protocols) {
      if (compatibility?.routes !== undefined) app.route("/", compatibility.routes);
    }
  }
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => (options.isReady() ? context.text("ready\n") : context.text("not ready\n", 503)));
  app.get("/demo/config.json", (context) =>
    context.json(options.demo, 200, { "cache-control": "no-store", "x-content-type-options": "nosniff" }),
  );
  if (options.api !== undefined) app.route("/", options.api);
  for (const protocol of options.protocols) {
    if (protocol.routes !== undefined) app.route("/", protocol.routes);
  }
  // Middleware is for all methods, and answers none of them by itself.
  const served = Map.groupBy(
    app.routes.filter(({ method }) => method !== "ALL"),
    ({ path }) => path,
  );
  for (const [path, routes] of served) {
    const allow = [...new Set(routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))];
    app.all(path, (context) => context.text("Method not allowed\n", 405, { allow: allow.join(", ") }));
  }
  app.notFound(async (context) => (await options.assets(context.req.raw)) ?? context.text("Not found\n", 404));
  return app;
}
