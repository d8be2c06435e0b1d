import { readFile, stat } from "node:fs/promises";
import { errorCode } from "../../lib/error-code.ts";
import { BodyTooLarge, fetchCompressed, readBounded } from "../bounded-response.ts";

/**
 * Reads a key set as parsed JSON, not validated. Rejects with `KeySourceError` if it cannot be read. The outcome after
 * `signal` has aborted is ignored.
 */
export type KeySource = (signal: AbortSignal) => Promise<unknown>;

/** A key set could not be read. The message may be logged: it quotes no URL and no body, which may hold secrets. */
export class KeySourceError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = "KeySourceError";
  }
}

const maxBytes = 1024 * 1024;

/** A key set is at an http or https URL, or in a file. */
export type KeySetLocation = { readonly url: URL } | { readonly path: string };

export function keySourceAt(location: KeySetLocation): KeySource {
  const read = (signal: AbortSignal) =>
    "url" in location ? fetchText(location.url, signal) : readText(location.path, signal);
  return async (signal) => parse(await read(signal));
}

/** Fetches a key set. Redirects are not followed: an attacker who controls one would control access. */
async function fetchText(url: URL, signal: AbortSignal): Promise<string> {
  try {
    const response = await fetchCompressed(url, {
      signal,
      redirect: "manual",
      headers: { accept: "application/json" },
    });
    if (response.status === 200) return await bodyOf(response);
    await response.body?.cancel();
    throw new KeySourceError(`server answered ${response.status}`);
  } catch (error) {
    throw error instanceof KeySourceError ? error : new KeySourceError(withCode("server unreachable", error));
  }
}

async function bodyOf(response: Response): Promise<string> {
  try {
    return new TextDecoder().decode(await readBounded(response, maxBytes));
  } catch (error) {
    throw error instanceof BodyTooLarge ? tooLarge() : error;
  }
}

async function readText(path: string, signal: AbortSignal): Promise<string> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw new KeySourceError("not a regular file");
    if (facts.size > maxBytes) throw tooLarge();
    return await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    throw error instanceof KeySourceError ? error : new KeySourceError(withCode("file not readable", error));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new KeySourceError("not JSON");
  }
}

function tooLarge(): KeySourceError {
  return new KeySourceError(`larger than ${maxBytes} bytes`);
}

/** Appends the code of a system error to the problem. The error's message may quote the URL. */
function withCode(problem: string, error: unknown): string {
  const code = errorCode(error);
  return code === undefined ? problem : `${problem} (${code})`;
}
