import { Problem } from "./problems.ts";

/** The bytes that a request asks for: from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range of a `Range` header (RFC 9110 §14); undefined if the whole is to be sent: without the header, with several
 * ranges or another unit, or if `If-Range` names other bytes than those with this tag. Throws `Problem` for a range
 * outside of them.
 */
export function requestedRange({ headers }: Request, tag: string, bytes: number): ByteRange | undefined {
  const header = headers.get("range");
  const condition = headers.get("if-range");
  if (header === null || (condition !== null && condition !== tag)) return undefined;
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes : Math.min(bytes, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start < end) return { start, end };
  throw new Problem("range-not-satisfiable", `The document has ${bytes} bytes.`, {
    headers: { "content-range": `bytes */${bytes}` },
  });
}

/** The answer with a part of some bytes. */
export function partialContent(
  bytes: Uint8Array,
  { start, end }: ByteRange,
  headers: Record<string, string>,
): Response {
  return new Response(bytes.slice(start, end), {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${start}-${end - 1}/${bytes.byteLength}` },
  });
}
