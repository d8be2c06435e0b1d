import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";

/** The compression of an answer. */
export type Encoding = "zstd" | "gzip";

/** Smaller answers are not worth compressing. */
const compressedBytes = 1_024;

const encoders: Readonly<Record<Encoding, (bytes: Uint8Array) => Promise<Uint8Array>>> = {
  zstd: promisify(zstdCompress),
  gzip: promisify(gzip),
};

/** Compresses bytes, away from the event loop. */
export function compressed(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  return encoders[encoding](bytes);
}

/** The best compression that the sender of a request takes for an answer of so many bytes; undefined for none. */
export function encodingFor({ headers }: Request, bytes: number): Encoding | undefined {
  if (bytes < compressedBytes) return undefined;
  const accepted = new Map(
    (headers.get("accept-encoding") ?? "").split(",").map((entry) => {
      const [name = "", ...parameters] = entry.toLowerCase().split(";");
      return [name.trim(), !parameters.some((parameter) => /^\s*q=0(\.0*)?\s*$/.test(parameter))];
    }),
  );
  return (["zstd", "gzip"] as const).find((encoding) => accepted.get(encoding) === true);
}
