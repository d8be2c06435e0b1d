import { hash } from "node:crypto";
import { bearerToken } from "../../lib/bearer-token.ts";
import { Problem, problemResponse } from "../problems.ts";
import type { Call, Route } from "../route.ts";
import { problemOfError } from "../thrown-problems.ts";
import { type KeptAnswer, KeptAnswers, type KeptAnswersOptions } from "./kept-answers.ts";

/** A call of a route that takes an idempotency key. */
export type IdempotentCall = Pick<
  Call<NonNullable<Route["query"]>, unknown>,
  "body" | "counted" | "document" | "path" | "query" | "remoteAddress" | "request"
> & { readonly caller: Pick<Call<Record<never, never>, unknown>["caller"], "kind" | "user"> };

const printable = /^[\x20-\x7e]{1,255}$/;

/** Another credential, or another moment, may give another answer. */
const passingStatuses: readonly number[] = [401, 403, 429];

/**
 * Answers a request that is repeated with the same `Idempotency-Key` as the first time, without doing it again
 * (draft-ietf-httpapi-idempotency-key-header). The value of the header is taken as it is, with quotes if it has some.
 *
 * Answers are kept as `KeptAnswers` does, for each caller and key: a user, or a token or API key, or else an address. Not
 * kept are failures of the server, refusals for want of permission or because of a rate, and failures of a request
 * whose body is read as a stream: it cannot be compared, and one that was cut short looks like one that is malformed.
 */
export class IdempotentRequests {
  readonly #kept: KeptAnswers;
  /** The digests of requests that are not answered yet, by the ids of their keys. */
  readonly #running = new Map<string, string>();

  constructor(options: KeptAnswersOptions) {
    this.#kept = new KeptAnswers(options);
  }

  /**
   * Runs `handle` unless the request repeats another one. The answers of `handle` end, and fit into memory. Throws as
   * `handle`, and `Problem` for a key that is malformed, in use, or that of another request.
   */
  async answer(
    { id: operation }: Pick<Route, "id">,
    call: IdempotentCall,
    handle: () => Response | Promise<Response>,
  ): Promise<Response> {
    const key = keyIn(call.request);
    if (key === undefined) return handle();
    const caller = digestOf(callerOf(call));
    const id = digestOf([caller, key]);
    const request = digestOf([operation, call.document, call.path, call.query, call.body]);
    const kept = this.#kept.find(id);
    const first = kept?.request ?? this.#running.get(id);
    if (first !== undefined && first !== request)
      throw new Problem("idempotency-key-reused", "Choose a new Idempotency-Key for each request.");
    if (kept !== undefined) return responseOf(kept);
    if (first !== undefined)
      throw new Problem("idempotency-key-in-use", "The first request with this key is not answered yet. Try again.", {
        headers: { "retry-after": "1" },
      });
    this.#running.set(id, request);
    try {
      const response = await answerOf(call, handle);
      if (!isKept(call, response)) return response;
      const answer = {
        request,
        status: response.status,
        headers: response.headers,
        body: await response.arrayBuffer(),
      };
      this.#kept.keep(id, caller, answer);
      return responseOf(answer);
    } finally {
      this.#running.delete(id);
    }
  }
}

/** The key of a request; undefined without one. Throws `Problem` for one that is malformed. */
function keyIn({ headers }: Request): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null) return undefined;
  if (printable.test(key)) return key;
  throw new Problem("invalid-request", "The header Idempotency-Key is malformed.", {
    errors: [{ pointer: "Idempotency-Key", detail: "give 1 to 255 printable characters of ASCII" }],
  });
}

/** The sender, to whom the keys of others mean nothing. A user has new tokens from time to time. */
function callerOf({ caller: { kind, user }, counted, remoteAddress, request }: IdempotentCall): readonly string[] {
  if (kind === "client" && user !== undefined) return ["user", user];
  const token = bearerToken(request.headers.get("authorization"));
  return token === undefined ? ["address", counted ?? remoteAddress] : ["token", token];
}

function digestOf(facts: readonly unknown[]): string {
  return hash("sha256", JSON.stringify(facts), "base64url");
}

/** The answer of `handle`, or that of the problem that it throws and that stands for an answer to keep. Throws all others. */
async function answerOf(call: IdempotentCall, handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle();
  } catch (error) {
    const problem = problemOfError(error);
    if (problem === undefined || call.request.signal.aborted || !isKept(call, problem)) throw error;
    return problemResponse(problem, crypto.randomUUID());
  }
}

function isKept({ body }: Pick<IdempotentCall, "body">, { status }: { readonly status: number }): boolean {
  if (status < 400) return true;
  return body !== undefined && status < 500 && !passingStatuses.includes(status);
}

function responseOf({ body, headers, status }: KeptAnswer): Response {
  return new Response(body, { status, headers });
}
