import * as decoding from "lib0/decoding";

/** Input that cannot be decoded. The message gives the reason and never quotes the input. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/**
 * Reads an unsigned integer as lib0 writes it.
 *
 * lib0 reads an integer padded with more than 146 zero groups as NaN, which is equal to nothing: as an origin it makes
 * every client throw.
 */
export function readUint(decoder: decoding.Decoder): number {
  const value = decoding.readVarUint(decoder);
  if (!Number.isSafeInteger(value)) throw new DecodeError("number out of range");
  return value;
}

/** Reads one byte. lib0's own `readUint8` reads beyond the end of the array without an error. */
export function readByte(decoder: decoding.Decoder): number {
  const byte = decoder.arr[decoder.pos];
  if (byte === undefined) throw new DecodeError("unexpected end of data");
  decoder.pos += 1;
  return byte;
}

/** Reads all of `bytes` with `read`. Throws `DecodeError` for every failure, bytes that are left over included. */
export function decodeAll<T>(bytes: Uint8Array, read: (decoder: decoding.Decoder) => T): T {
  const decoder = decoding.createDecoder(bytes);
  const value = decodeNext(decoder, read);
  readEnd(decoder);
  return value;
}

/** Reads one value with `read` and leaves the bytes behind it unread. Throws `DecodeError` for every failure. */
export function decodeNext<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): T {
  try {
    const value = read(decoder);
    // lib0 reads beyond the end of a view without an error.
    if (decoder.pos > decoder.arr.length) throw new DecodeError("unexpected end of data");
    return value;
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    throw new DecodeError(error instanceof Error ? error.message : "cannot be decoded");
  }
}

/** Throws `DecodeError` when bytes are left over. */
export function readEnd(decoder: decoding.Decoder): void {
  if (decoding.hasContent(decoder)) throw new DecodeError("trailing bytes");
}
