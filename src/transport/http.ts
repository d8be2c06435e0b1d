import { type Env, Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { crossOrigin } from "./admission/cross-origin.ts";
import type { OriginPolicy } from "./admission/origin-policy.ts";
import { upgradeRequired } from "./admission/upgrade-request.ts";
import { type HealthOptions, healthRoutes } from "./monitoring/health.ts";
import type { Assets } from "./pages/assets.ts";
import { notFound } from "./pages/not-found.ts";
import type { HttpEnvironment, Protocol } from "./protocol.ts";

export interface HttpOptions extends HealthOptions {
  readonly protocols: readonly Protocol[];
  readonly originPolicy: OriginPolicy;
  /** Routes that belong to no protocol, and set by themselves which pages may read their answers. */
  readonly routes: readonly Hono<HttpEnvironment>[];
  /** Whether this serves the compatibility ports: the protocols' routes for them come before all others. */
  readonly isForCompatibility?: boolean;
  /** The pages, and the files that they name. */
  readonly assets: Assets;
  /** The path below which a reverse proxy serves the server; empty or undefined for none. */
  readonly basePath?: string;
}

/** Answers every request that is not an upgrade. Errors of the server are thrown: the listener logs and answers them. */
export function createHttp(options: HttpOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  // By default Hono writes errors to the console instead of the log.
  app.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    throw error;
  });
  const forReaders = crossOrigin(options.originPolicy);
  // Clients of every protocol are pages of other origins.
  const add = <E extends Env>(routes: Hono<E>) => {
    for (const path of pathsOf(routes)) app.use(path, forReaders);
    app.route("/", routes);
  };
  if (options.isForCompatibility === true) {
    for (const { compatibility } of options.protocols) {
      if (compatibility?.routes !== undefined) add(compatibility.routes);
    }
  }
  app.route("/", healthRoutes(options));
  for (const routes of options.routes) app.route("/", routes);
  for (const protocol of options.protocols) {
    if (protocol.routes !== undefined) add(protocol.routes);
  }
  for (const [path, routes] of Map.groupBy(answersOf(app), (answer) => answer.path)) {
    const allow = [...new Set(routes.flatMap(({ method }) => (method === "GET" ? ["GET", "HEAD"] : [method])))];
    app.all(path, (context) => context.text("Method not allowed\n", 405, { allow: allow.join(", ") }));
  }
  app.notFound(async (context) => {
    const page = await options.assets(context.req.raw);
    if (page !== undefined) return page;
    const url = URL.parse(context.req.url);
    const isOfSockets = url !== null && options.protocols.some((protocol) => protocol.match(url));
    if (!isOfSockets) return notFound(context.req.raw, options.basePath ?? "");
    return new Response(upgradeRequired.message, upgradeRequired);
  });
  return app;
}

interface Route {
  readonly path: string;
  readonly method: string;
}

/** The routes that answer. Middleware is registered for all methods and answers none. */
function answersOf({ routes }: { readonly routes: readonly Route[] }): readonly Route[] {
  return routes.filter(({ method }) => method !== "ALL");
}

function pathsOf(routes: { readonly routes: readonly Route[] }): ReadonlySet<string> {
  return new Set(answersOf(routes).map(({ path }) => path));
}
