import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";

/** The compression of an answer. */
export type Encoding = "zstd" | "gzip";

/** Smaller answers are not worth compressing. */
const compressedBytes = 1_024;

const encoders: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array<ArrayBuffer>>>> = {
  zstd: promisify(zstdCompress),
  gzip: promisify(gzip),
};

/** Compresses bytes, away from the event loop. */
export function compressed(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  return encoders[encoding](bytes);
}

/** The encodings by preference, and where `Accept-Encoding` (RFC 9110 §12.5.3) names them, with their parameters. */
const named: readonly (readonly [Encoding, RegExp])[] = [
  ["zstd", /(?:^|,)\s*zstd\s*(;[^,]*)?(?:,|$)/i],
  ["gzip", /(?:^|,)\s*gzip\s*(;[^,]*)?(?:,|$)/i],
];
const refusing = /;\s*q=0(?:\.0*)?\s*(?:;|$)/i;

/** The best compression that the sender of a request takes for an answer of so many bytes; undefined for none. */
export function encodingFor({ headers }: Request, bytes: number): Encoding | undefined {
  if (bytes < compressedBytes) return undefined;
  const accepted = headers.get("accept-encoding");
  if (accepted === null) return undefined;
  const best = named.find(([, pattern]) => {
    const found = pattern.exec(accepted);
    return found !== null && !refusing.test(found[1] ?? "");
  });
  return best?.[0];
}
