import type { BoundName } from "../ops/metrics/bounds.ts";

/** The problems of the API by their codes, which are stable: the HTTP status, and a title that does not vary. */
export const problemKinds = {
  "invalid-request": { status: 400, title: "The request is invalid" },
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "malformed-update": { status: 400, title: "The body is not a Yjs update" },
  unauthorized: { status: 401, title: "The request needs a valid token or API key" },
  forbidden: { status: 403, title: "The token or API key does not allow this" },
  "read-only": { status: 403, title: "The token or API key may only read" },
  "not-found": { status: 404, title: "There is no such document" },
  "document-deleted": { status: 404, title: "The document is deleted" },
  "root-not-found": { status: 404, title: "The document has no such content" },
  "no-such-webhook": { status: 404, title: "There is no such webhook" },
  "no-such-api-key": { status: 404, title: "There is no such API key" },
  "no-such-room": { status: 404, title: "The room is not open, or has no such member" },
  "no-such-message": { status: 404, title: "The webhook has no such message" },
  "version-not-found": { status: 404, title: "There is no such version" },
  "moment-unknown": { status: 404, title: "The document at that moment is not known" },
  "no-such-route": { status: 404, title: "There is no such route" },
  "method-not-allowed": { status: 405, title: "The route has no such method" },
  "document-exists": { status: 409, title: "The document exists" },
  "pending-updates": { status: 409, title: "The document lacks updates on which others depend" },
  "test-failed": { status: 409, title: "A test of the patch has failed" },
  "text-not-unique": { status: 409, title: "The text to find is not there exactly once" },
  "too-many-versions": { status: 409, title: "The document has as many named versions as it may have" },
  "api-key-exists": { status: 409, title: "Another API key has this name" },
  "too-many-api-keys": { status: 409, title: "The server has as many API keys as it may have" },
  "too-many-webhooks": { status: 409, title: "The server has as many webhooks as it may have" },
  "backups-off": { status: 409, title: "The server makes no backups" },
  "backup-in-progress": { status: 409, title: "A backup is in progress" },
  "idempotency-key-in-use": { status: 409, title: "The first request with this key is not answered yet" },
  "events-lost": { status: 410, title: "The events since then are not kept" },
  "precondition-failed": { status: 412, title: "The document has changed" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "document-too-large": { status: 413, title: "The document has no space for the update" },
  "unsupported-media-type": { status: 415, title: "The body has another type" },
  "range-not-satisfiable": { status: 416, title: "The document has no such bytes" },
  "malformed-pointer": { status: 422, title: "A path of the patch is not a JSON Pointer" },
  "path-not-found": { status: 422, title: "A path of the patch leads to nothing" },
  "out-of-range": { status: 422, title: "A position is outside the text or the array" },
  "wrong-value": { status: 422, title: "The change does not fit the value" },
  "root-type-unknown": { status: 422, title: "The type of the root is not known" },
  "root-type-mismatch": { status: 422, title: "The root has another type" },
  "not-expressible": { status: 422, title: "JSON cannot express the change" },
  "document-too-complex": { status: 422, title: "The document is too complex for the server to open" },
  "idempotency-key-reused": { status: 422, title: "Another request had this idempotency key" },
  "url-not-allowed": { status: 422, title: "Webhooks must not call this URL" },
  "precondition-required": { status: 428, title: "The request needs a condition" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "internal-error": { status: 500, title: "The server has failed" },
  "backup-failed": { status: 500, title: "The backup could not be made" },
  overloaded: { status: 503, title: "The server has too much to do" },
  "storage-unavailable": { status: 503, title: "The store cannot be read or written" },
  "authorization-unavailable": { status: 503, title: "Access cannot be decided now" },
  stopping: { status: 503, title: "The server stops" },
  "storage-full": { status: 507, title: "The disk is full" },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly title: string }>>;

export type ProblemCode = keyof typeof problemKinds;

/** A fault at one place of a request. */
export interface RequestFault {
  /** A JSON pointer into the body, or the name of a parameter or header. */
  readonly pointer: string;
  readonly detail: string;
}

export interface ProblemFacts {
  readonly errors?: readonly RequestFault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Why access was denied: a code of `Denial`. */
  readonly denial?: string;
  /** The bound that the request has met, to be counted. It is not in the answer. */
  readonly bound?: BoundName;
}

/**
 * An expected failure of a request, which is answered as RFC 9457 says. `detail` is for the caller: sentences that quote
 * no token and nothing of a document's content.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly facts: ProblemFacts;

  constructor(code: ProblemCode, detail: string, facts: ProblemFacts = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.facts = facts;
  }

  get status(): number {
    return problemKinds[this.code].status;
  }
}

export const problemType = "application/problem+json";

/** The answer to a request that failed. `requestId` is in the log beside a failure of the server. */
export function problemResponse({ code, message, facts }: Problem, requestId: string): Response {
  const { status, title } = problemKinds[code];
  const { denial, errors, headers } = facts;
  const body = { type: `urn:yurt:problem:${code}`, title, status, detail: message, code, denial, errors, requestId };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": problemType, "cache-control": "no-store", ...headers },
  });
}
