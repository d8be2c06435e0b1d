import { Problem } from "./problems.ts";

export interface BodyBounds {
  readonly maxBytes: number;
  /** Called with the bytes of each part before it is kept; may throw. */
  readonly reserve: (bytes: number) => void;
}

/** Reads the body of a request, up to `maxBytes`. Throws `Problem` beyond that. */
export async function readBody({ body, headers }: Request, { maxBytes, reserve }: BodyBounds): Promise<Uint8Array> {
  if (Number(headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    reserve(chunk.byteLength);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): Problem {
  return new Problem("body-too-large", `The body of this request may have ${maxBytes} bytes.`);
}
