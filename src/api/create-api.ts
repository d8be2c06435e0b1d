import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { LimitedLog } from "../ops/limited-log.ts";
import type { apiOutcomes } from "../ops/metrics/label-values.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { RoomLimits } from "../rooms/limits.ts";
import { checkRoomName } from "../rooms/room-name.ts";
import type { HttpEnvironment } from "../transport/protocol.ts";
import type { ApiAccess } from "./api-access.ts";
import { refuseOtherType } from "./bodies.ts";
import { countedCaller } from "./bounds/counted-caller.ts";
import { RequestGate, type RequestGateOptions } from "./bounds/request-gate.ts";
import { accessEnded } from "./caller.ts";
import { IdempotentRequests } from "./idempotency/idempotent-requests.ts";
import type { ApiLimits } from "./limits.ts";
import { Problem, problemResponse } from "./problems.ts";
import { readBody } from "./read-body.ts";
import { readQuery } from "./read-query.ts";
import type { RequestCount } from "./request-count.ts";
import type { Call, Route } from "./route.ts";
import { problemOfError } from "./thrown-problems.ts";

export interface ApiOptions extends RequestGateOptions {
  readonly access: ApiAccess;
  /** Sets which pages may read the answers. */
  readonly cors: MiddlewareHandler;
  readonly limits: ApiLimits & RoomLimits;
  readonly limitedLog: LimitedLog;
  readonly metrics: Pick<Metrics, "apiRequests" | "apiRequestDuration" | "bounds">;
  /** The version of the server, for the description of the API. */
  readonly version: string;
  /** Counts the requests that are being answered. */
  readonly requests: RequestCount;
}

type RouteContext = Context<HttpEnvironment>;

/**
 * The API, which is `/v1` and single paths beside it: authorizes and reads requests, calls their routes, and describes all of
 * them in OpenAPI.
 */
export function createApi(routes: readonly Route[], options: ApiOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  const gate = new RequestGate(options);
  const idempotent = new IdempotentRequests({ ...options, bounds: options.metrics.bounds });
  const beside = routes.map(({ path }) => path).filter((path) => !path.startsWith("/v1/"));
  for (const path of new Set(["/v1/*", ...beside.map(honoPath)])) app.use(path, options.cors);
  app.use("/v1/*", refuseUndecodable);
  for (const [path, methods] of Map.groupBy(routes, (route) => route.path)) {
    for (const route of methods) {
      const answering = { ...options, gate, idempotent };
      app.on(route.method.toUpperCase(), honoPath(path), (context) => answer(context, route, answering));
    }
    const allow = methods.flatMap(({ method }) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]));
    app.all(honoPath(path), () =>
      problemResponse(
        new Problem("method-not-allowed", `The methods of this route are ${allow.join(", ")}.`, {
          headers: { allow: allow.join(", ") },
        }),
        crypto.randomUUID(),
      ),
    );
  }
  let description: Promise<unknown> | undefined;
  app.get("/v1/openapi.json", async (context) => {
    // Only those who ask for the description need the modules that make it.
    description ??= import("./openapi.ts").then(({ describeRoutes }) => describeRoutes(routes, options.version));
    return context.json(await description, 200, { "cache-control": "no-cache" });
  });
  app.all("/v1/*", () =>
    problemResponse(new Problem("no-such-route", "GET /v1/openapi.json lists the routes."), crypto.randomUUID()),
  );
  return app;
}

/** Refuses a path that is not valid percent-encoding, which would otherwise be taken as it is for the name of a document. */
const refuseUndecodable: MiddlewareHandler<HttpEnvironment> = async ({ req }, next) => {
  const isDecodable = !req.url.includes("%") || new URL(req.url).pathname.split("/").every(isPercentEncoding);
  if (isDecodable) return next();
  const errors = [{ pointer: "path", detail: "give UTF-8 in percent-encoding, and a % itself as %25" }];
  return problemResponse(
    new Problem("invalid-request", "The path of the URL cannot be decoded.", { errors }),
    crypto.randomUUID(),
  );
};

function isPercentEncoding(segment: string): boolean {
  try {
    decodeURIComponent(segment);
    return true;
  } catch {
    return false;
  }
}

/** The status that nginx logs for a client that has closed its connection. */
const clientGone = 499;

type Answering = ApiOptions & { readonly gate: RequestGate; readonly idempotent: IdempotentRequests };

async function answer(context: RouteContext, route: Route, options: Answering): Promise<Response> {
  const { apiRequestDuration, apiRequests } = options.metrics;
  const begun = apiRequestDuration.begin();
  const response = await options.requests.run(() => answered(context, route, options));
  apiRequestDuration.end(begun);
  apiRequests.inc({ outcome: outcomeOf(response) });
  return response;
}

function outcomeOf({ status }: Response): (typeof apiOutcomes)[number] {
  if (status < 400) return "done";
  if (status === 429) return "limited";
  return status < 500 ? "refused" : "failed";
}

async function answered(context: RouteContext, route: Route, options: Answering): Promise<Response> {
  try {
    return await called(context, route, options);
  } catch (error) {
    // Nobody reads this answer.
    if (context.req.raw.signal.aborted) return new Response(null, { status: clientGone });
    const requestId = crypto.randomUUID();
    const problem = problemOfError(error);
    if (problem?.facts.bound !== undefined) options.metrics.bounds.met(problem.facts.bound);
    if (problem !== undefined) return problemResponse(problem, requestId);
    options.limitedLog.error({ event: "api-request-failed", operation: route.id, requestId, err: error });
    const detail = "The log of the server has the reason, with the requestId of this answer.";
    return problemResponse(new Problem("internal-error", detail), requestId);
  }
}

async function called(context: RouteContext, route: Route, options: Answering): Promise<Response> {
  const { remoteAddress, keepOpen } = context.env;
  const request = context.req.raw;
  options.gate.pass(request, remoteAddress);
  const { doc, ...path } = context.req.param();
  const document = route.path.includes("{doc}") ? documentOf(doc ?? "", options.limits) : undefined;
  const queryToken = route.takesTokenInQuery === true ? context.req.query("token") : undefined;
  const asked = { request, remoteAddress, document, queryToken };
  const caller = route.needs === undefined ? stranger : await options.access.authorize(asked, route.needs);
  const counted = countedCaller(caller, remoteAddress, options.addresses);
  let isKept = false;
  let reservedBytes = 0;
  const reserve = (bytes: number) => {
    options.gate.take(bytes, counted);
    reservedBytes += bytes;
  };
  try {
    const query = readQuery(route.query ?? {}, context.req.query());
    const body = await bodyOf(request, route, reserve);
    // The body may have taken long.
    if (caller.hasEnded) throw accessEnded();
    const call: Call<NonNullable<Route["query"]>, unknown> = {
      request,
      remoteAddress,
      caller,
      counted,
      document: document ?? "",
      path,
      query,
      body,
      permit: async (other, needs) => {
        return options.access.authorize({ ...asked, document: documentOf(other, options.limits) }, needs);
      },
      keepOpen: () => keepOpen?.(),
      keepCaller: () => {
        isKept = true;
      },
    };
    if (route.takesIdempotencyKey !== true) return await route.handle(call);
    return await options.idempotent.answer(route, call, () => route.handle(call));
  } finally {
    if (!isKept) caller.release();
    options.gate.give(reservedBytes, counted);
  }
}

/** The caller of a route that everyone may call. */
const stranger: Call<Record<never, never>, unknown>["caller"] = {
  kind: "client",
  user: undefined,
  scope: "docs:read",
  prefix: "",
  hasEnded: false,
  isAllowedStill: async () => true,
  release: () => {},
};

async function bodyOf(request: Request, { body }: Route, reserve: (bytes: number) => void): Promise<unknown> {
  if (body === undefined) return undefined;
  refuseOtherType(body, request);
  if (body.maxBytes === undefined) return undefined;
  return body.decode(await readBody(request, { maxBytes: body.maxBytes(), reserve }));
}

function documentOf(name: string, { nameBytes }: RoomLimits): string {
  const fault = checkRoomName(name, nameBytes);
  if (fault === undefined) return name;
  throw new Problem("invalid-request", "This cannot be the name of a document.", {
    errors: [{ pointer: "doc", detail: fault }],
  });
}

/** `{doc}` as `:doc`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ":$1");
}
