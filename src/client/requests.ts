import { errorOf, type YurtError } from "./errors.ts";

/** A function as the platform's `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RequestsOptions {
  /** The URL of the server, such as `https://yurt.example.com`. */
  readonly url: string | URL;
  /** An API key or a token, or a function that is asked for one before each request. Undefined: none is sent. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
  /** The platform's own by default. */
  readonly fetch?: Fetch | undefined;
  /** How often a request is repeated that the server has delayed (429; 503 for reads). 3 by default. */
  readonly retries?: number | undefined;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of a request that can be repeated without being done twice. */
export interface RepeatOptions extends ReadOptions {
  /** A text that no other request has, of at most 255 characters of ASCII: with it, a repeated request gets the first answer. */
  readonly idempotencyKey?: string | undefined;
}

export interface ApiRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/v1` by default. */
  readonly root?: "/v1" | "/api" | undefined;
  /** The path under the root, encoded. */
  readonly path: string;
  /** Parameters that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Bytes and streams are sent as they are, everything else as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Statuses beside those of success that are returned and not thrown. */
  readonly expects?: readonly number[];
}

/** The longest time that a request waits before it is repeated. */
const maxDelayMs = 30_000;
const defaultDelayMs = 1_000;

/** Sends requests to the API of one server. */
export class Requests {
  readonly #base: string;
  readonly #options: RequestsOptions;

  constructor(options: RequestsOptions) {
    this.#base = String(options.url).replace(/\/+$/, "");
    this.#options = options;
  }

  /** Resolves with an answer of success or one that is expected. Rejects with `YurtError`, or the error of `fetch`. */
  async send(request: ApiRequest): Promise<Response> {
    const { expects = [], method = "GET", signal } = request;
    for (let left = this.#options.retries ?? 3; ; left -= 1) {
      const response = await this.#fetch(request);
      if (response.ok || expects.includes(response.status)) return response;
      const error = await errorOf(response);
      // A stream has been read by then.
      if (left <= 0 || !isDelayed(error, method) || request.body instanceof ReadableStream) throw error;
      await delay(Math.min(error.retryAfterMs ?? defaultDelayMs, maxDelayMs), signal);
    }
  }

  /** Sends a request whose answer is JSON. `Result` is what the server's description promises. */
  async json<Result>(request: ApiRequest): Promise<Result> {
    const response = await this.send(request);
    return (await response.json()) as Result;
  }

  async #fetch(request: ApiRequest): Promise<Response> {
    const { body, headers = {}, method = "GET", path, query = {}, root = "/v1", signal } = request;
    const { fetch: send = globalThis.fetch, token } = this.#options;
    const bearer = typeof token === "function" ? await token() : token;
    const isRaw = body instanceof Uint8Array || body instanceof ReadableStream;
    const given: Record<string, string | undefined> = {
      authorization: bearer === undefined ? undefined : `Bearer ${bearer}`,
      "content-type": body === undefined ? undefined : isRaw ? "application/octet-stream" : "application/json",
      ...headers,
    };
    const url = `${this.#base}${root}${path}${queryOf(query)}`;
    return send(url, {
      method,
      headers: Object.fromEntries(
        Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
      ),
      ...(body !== undefined && { body: isRaw ? (body as NonNullable<RequestInit["body"]>) : JSON.stringify(body) }),
      // Streams need it, and for everything else it changes nothing.
      ...(body instanceof ReadableStream && { duplex: "half" }),
      ...(signal !== undefined && { signal }),
    });
  }
}

/** The body of an answer as a stream; an empty one if it has none. */
export function bodyOf({ body }: Response): ReadableStream<Uint8Array> {
  return body ?? new ReadableStream({ start: (controller) => controller.close() });
}

function isDelayed({ code, status }: YurtError, method: string): boolean {
  return status === 429 || code === "idempotency-key-in-use" || (status === 503 && method === "GET");
}

function queryOf(query: NonNullable<ApiRequest["query"]>): string {
  const given = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    return [`${encodeURIComponent(name)}=${encodeURIComponent(value === true ? "1" : String(value))}`];
  });
  return given.length === 0 ? "" : `?${given.join("&")}`;
}

/** Rejects with the reason of `signal` when it aborts. */
export async function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
