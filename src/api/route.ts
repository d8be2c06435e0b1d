import type * as v from "valibot";
import type { Scope } from "../auth/keys/api-keys.ts";
import type { Body } from "./bodies.ts";
import type { Caller } from "./caller.ts";
import type { Parameters, ParameterValues } from "./parameters.ts";
import type { ProblemCode } from "./problems.ts";

/** A request that has been authorized and read. */
export interface Call<Query extends Parameters, Input> {
  /** Its body has been read, except by a route without `Body.maxBytes`. */
  readonly request: Request;
  readonly remoteAddress: string;
  readonly caller: Caller;
  /** The key by which bounds count the sender, as `countedCaller`. */
  readonly counted: string | undefined;
  /** The `{doc}` of the path; empty for a route without one. */
  readonly document: string;
  /** The other parameters of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: ParameterValues<Query>;
  /** Undefined for a route without a body. */
  readonly body: Input;
  /**
   * Decides what the sender may do with another document; the caller is to be released. Throws `Problem` if it is denied, and
   * for what cannot be the name of a document.
   */
  permit(document: string, needs: Scope): Promise<Caller>;
  /** Ends the deadline of the request, for an answer that takes long. */
  keepOpen(): void;
  /** Leaves it to the handler to release the caller, for an answer that goes on after `handle` has returned. */
  keepCaller(): void;
}

/** An answer with a status of success. */
export interface Answer {
  readonly description: string;
  /** The body as JSON. */
  readonly json?: v.GenericSchema;
  /** The media type of a body that is not described by a schema. */
  readonly type?: string;
  /** The headers that have a meaning of their own, with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RouteDefinition<Query extends Parameters, Input> {
  readonly method: "get" | "put" | "post" | "patch" | "delete";
  /** In OpenAPI's spelling, under `/v1` unless clients know it by another name: `/v1/docs/{doc}`. The parameter `{doc}` is a document, to which access is decided. */
  readonly path: string;
  /** The name of the operation in OpenAPI: a verb and its object, such as `readUpdate`. */
  readonly id: string;
  /** The heading under which OpenAPI lists it. */
  readonly tag: string;
  /** One line: what the route does, in the imperative. */
  readonly summary: string;
  readonly description?: string;
  /** Undefined for a route that everyone may call. */
  readonly needs: Scope | undefined;
  /** Whether the token may be in the query, for programs that cannot send headers. API keys may not be there. */
  readonly takesTokenInQuery?: boolean;
  /** The descriptions of the path's parameters except `doc`. */
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly query?: Query;
  /** The request headers that have a meaning of their own, with their descriptions. The route reads them itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether a request that is repeated with the same `Idempotency-Key` is answered as the first time, without the handler:
   * see `IdempotentRequests`. Its answers end, and fit into memory.
   */
  readonly takesIdempotencyKey?: boolean;
  readonly body?: Body<Input>;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The problems of the route's own. Those that every route has are added. */
  readonly problems?: readonly ProblemCode[];
  /** Throws `Problem`, `SessionError` or `StoreError` for a request that fails; they are answered as problems. */
  handle(call: Call<Query, Input>): Response | Promise<Response>;
}

/** A route of any types, for the lists in which routes are kept. */
export type Route = Omit<RouteDefinition<Parameters, unknown>, "handle"> & {
  handle(call: Call<Parameters, unknown>): Response | Promise<Response>;
};

/** Declares a route of the API: the types of its query and body follow from its definition. */
export function route<Query extends Parameters = Readonly<Record<never, never>>, Input = undefined>(
  definition: RouteDefinition<Query, Input>,
): Route {
  // The handler is called with the query and body that the definition itself has read.
  return definition as unknown as Route;
}

/** An answer of JSON that nobody may keep. */
export function json(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** An answer without a body. */
export function noContent(headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(null, { status: 204, headers: { "cache-control": "no-store", ...headers } });
}
