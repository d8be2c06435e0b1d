import type { axios } from "acme-client";
import { readProblem } from "./acme-problem.ts";

export interface FetchAdapterOptions {
  /** PEM roots, instead of the public ones. */
  readonly roots?: string | undefined;
  /** Aborts every request. */
  readonly signal: AbortSignal;
}

type Adapter = Extract<typeof axios.defaults.adapter, (...args: never[]) => unknown>;

const requestMs = 30_000;

/**
 * Sends the requests of acme-client with `fetch`. Its own way has no deadline and no end before its last retry, and
 * replaces network errors by a TypeError.
 *
 * Throws `AcmeProblem` for every problem that the authority reports but `badNonce`, which acme-client handles.
 */
export function fetchAdapter({ roots, signal }: FetchAdapterOptions): Adapter {
  return async (config) => {
    const { url = "", method = "get", data } = config;
    const { host } = new URL(url);
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: config.headers.toJSON() as Record<string, string>,
      ...(data !== undefined && { body: String(data) }),
      ...(roots !== undefined && { tls: { ca: roots } }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new Error(`${host} cannot be reached: ${error instanceof Error ? error.message : error}`, { cause: error });
    });
    const text = await response.text();
    const problem = response.ok ? undefined : readProblem(parse(text), host);
    if (problem !== undefined && problem.type !== "badNonce") throw problem;
    if (!response.ok && problem === undefined) throw new Error(`${host} answered ${response.status}`);
    return {
      data: text,
      status: response.status,
      statusText: response.statusText,
      headers: Object.fromEntries(response.headers),
      config,
    };
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
