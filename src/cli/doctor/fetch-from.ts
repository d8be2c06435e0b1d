import { errorCode } from "../../lib/error-code.ts";

const deadlineMs = 5_000;

/** Fetches without following redirects, within a deadline. A proxy of the environment is for other programs. */
export function fetchFrom(url: URL | string, options: BunFetchRequestInit = {}): Promise<Response> {
  return fetch(url, { proxy: false, redirect: "manual", signal: AbortSignal.timeout(deadlineMs), ...options });
}

/** As `fetchFrom`, for the server on this machine: its certificate is for the public name, and not checked here. */
export function fetchLocally(url: string, options: BunFetchRequestInit = {}): Promise<Response> {
  return fetchFrom(url, { ...options, tls: { rejectUnauthorized: false } });
}

/** Why a request has failed, as a phrase. */
export function describeFetchError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${deadlineMs / 1_000} s`;
  if (errorCode(error) === "ECONNREFUSED") return "nothing listens there";
  const [line = ""] = error.message.split("\n", 1);
  return line.slice(0, 200).replace(/\.$/, "");
}
