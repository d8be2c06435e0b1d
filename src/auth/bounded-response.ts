import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { errorCode } from "../lib/error-code.ts";

/** A response body has more bytes than it may have, compressed or decompressed. */
export class BodyTooLarge extends Error {
  constructor() {
    super("body too large");
    this.name = "BodyTooLarge";
  }
}

type Decompress = (body: Uint8Array, bound: { readonly maxOutputLength: number }) => Uint8Array;

/** Some servers compress although they are asked not to. */
const decompressors: ReadonlyMap<string, Decompress> = new Map<string, Decompress>([
  ["gzip", gunzipSync],
  ["deflate", inflateSync],
  ["br", brotliDecompressSync],
  ["zstd", zstdDecompressSync],
]);

/**
 * Fetches without decompressing: the runtime would decompress a whole body before its first byte is read. The body is to
 * be read with `readBounded`.
 */
export function fetchCompressed(
  url: URL,
  init: RequestInit & { readonly headers: Readonly<Record<string, string>> },
): Promise<Response> {
  return fetch(url, { ...init, headers: { ...init.headers, "accept-encoding": "identity" }, decompress: false });
}

/** Reads the body of a response of `fetchCompressed`, decompressed. Rejects with `BodyTooLarge` beyond `limitBytes`. */
export async function readBounded({ body, headers }: Response, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  const received = Buffer.concat(chunks);
  const decompress = decompressors.get(headers.get("content-encoding")?.trim().toLowerCase() ?? "");
  try {
    return decompress === undefined ? received : decompress(received, { maxOutputLength: limitBytes });
  } catch (error) {
    throw errorCode(error) === "ERR_BUFFER_TOO_LARGE" ? new BodyTooLarge() : error;
  }
}
