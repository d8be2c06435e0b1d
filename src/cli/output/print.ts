import type { Output } from "../command.ts";

/** The reader of a command's output has closed it, as `head` does. Nothing is left to do, and it is not a failure. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** Handles the rejection of `print` for a command that goes on with its work when its output is closed. */
export function ignoreReaderGone(error: unknown): void {
  if (!(error instanceof ReaderGone)) throw error;
}

/**
 * Resolves when the reader has the text: text in memory would be lost when the process ends, and a long list must not
 * pile up there. Rejects with `ReaderGone`, or with another error when the text cannot be written.
 */
export async function print(output: Output, text: string): Promise<void> {
  if (text === "") return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  output.write(text, (error) => {
    if (!error) resolve();
    else if ("code" in error && error.code === "EPIPE") reject(new ReaderGone());
    else reject(new Error(`The output cannot be written: ${error.message}`, { cause: error }));
  });
  await promise;
}

/** Formats as `311 kB`; exact below 1 kB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  // A value that would be rounded to 1000 of one unit is 1.0 of the next.
  for (; unit < units.length - 1 && value >= (unit === 0 ? 1_000 : 999.5); unit += 1) value /= 1_000;
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Formats as `12,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Formats as `1 document` or `12,000 documents`. */
export function formatThings(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? "" : "s"}`;
}

/**
 * A name as it is; as JSON when it is empty, begins or ends with white space, begins with a quotation mark, or holds
 * characters that a terminal or a list would obey: control characters, line breaks, marks of writing direction.
 */
export function formatName(name: string): string {
  if (!/^$|^\s|\s$|^"/.test(name) && !obeyed.test(name)) return name;
  return JSON.stringify(name).replaceAll(new RegExp(obeyed, "gu"), escapeCharacter);
}

const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
