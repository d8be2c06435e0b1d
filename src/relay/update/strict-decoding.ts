import * as decoding from "lib0/decoding";

/** Input that does not decode. The message says why and never quotes what was read. */
export class DecodeError extends Error {}

/**
 * A number as lib0 writes it.
 *
 * lib0 reads one padded with more than 146 zero groups as NaN, which compares as nothing: as an origin it makes every
 * client throw.
 */
export function readUint(decoder: decoding.Decoder): number {
  const value = decoding.readVarUint(decoder);
  if (!Number.isSafeInteger(value)) throw new DecodeError("a number out of range");
  return value;
}

/** lib0's own reads on behind the end. */
export function readByte(decoder: decoding.Decoder): number {
  const byte = decoder.arr[decoder.pos];
  if (byte === undefined) throw new DecodeError("it ends early");
  decoder.pos += 1;
  return byte;
}

/** Reads all of `bytes` with `read`. Throws `DecodeError` whatever goes wrong, left-over bytes included. */
export function decodeAll<T>(bytes: Uint8Array, read: (decoder: decoding.Decoder) => T): T {
  try {
    const decoder = decoding.createDecoder(bytes);
    const value = read(decoder);
    readEnd(decoder);
    return value;
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(error instanceof Error ? error.message : "undecodable");
  }
}

export function readEnd(decoder: decoding.Decoder): void {
  if (decoding.hasContent(decoder)) throw new DecodeError("bytes are left over");
}
