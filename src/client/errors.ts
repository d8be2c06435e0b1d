/** A fault at one place of a request: a JSON pointer into the body, or the name of a parameter or header. */
export interface RequestFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface ErrorFacts {
  /** The HTTP status. */
  readonly status: number;
  /** The stable code of the problem, such as `not-found`; `http-<status>` for an answer that is none of Yurt's. */
  readonly code: string;
  readonly errors: readonly RequestFault[];
  /** The id that the server's log has beside a failure of the server; undefined if the answer has none. */
  readonly requestId: string | undefined;
  /** The milliseconds after which the server asks for another attempt; undefined if it does not. */
  readonly retryAfterMs: number | undefined;
}

/** A request that the server has answered with a problem (RFC 9457). The message is for people, `code` for programs. */
export class YurtError extends Error implements ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly errors: readonly RequestFault[];
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { code, errors, requestId, retryAfterMs, status }: ErrorFacts) {
    super(message);
    this.name = "YurtError";
    this.status = status;
    this.code = code;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Reads the problem that an answer has. */
export async function errorOf(response: Response): Promise<YurtError> {
  const { headers, status } = response;
  const body = objectIn(await response.text().catch(() => ""));
  const { code, errors, requestId } = body;
  // Routes under /api have these names.
  const detail = body.detail ?? body.error ?? body.reason;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return new YurtError(typeof detail === "string" ? detail : `The server has answered ${status}.`, {
    status,
    code: typeof code === "string" ? code : `http-${status}`,
    errors: Array.isArray(errors) ? errors.flatMap(faultOf) : [],
    requestId: typeof requestId === "string" ? requestId : undefined,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
  });
}

type BodyMember = "code" | "detail" | "error" | "errors" | "reason" | "requestId";

function objectIn(text: string): Readonly<Record<BodyMember, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    // A proxy may answer with a page.
    return Object({});
  }
}

function faultOf(value: unknown): readonly RequestFault[] {
  const { detail, pointer } = Object(value);
  return typeof detail === "string" && typeof pointer === "string" ? [{ pointer, detail }] : [];
}
