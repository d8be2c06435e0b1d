import * as decoding from "lib0/decoding";

/** Input that is refused; the message says why and never quotes what was read. */
export class Refusal extends Error {}

/**
 * A number as lib0 writes it.
 *
 * lib0 reads one padded with more than 146 zero groups as NaN, which compares as nothing: as an origin it makes every
 * client throw.
 */
export function readUint(decoder: decoding.Decoder): number {
  const value = decoding.readVarUint(decoder);
  if (!Number.isSafeInteger(value)) throw new Refusal("a number out of range");
  return value;
}

/** lib0's own reads on behind the end. */
export function readByte(decoder: decoding.Decoder): number {
  const byte = decoder.arr[decoder.pos];
  if (byte === undefined) throw new Refusal("it ends early");
  decoder.pos += 1;
  return byte;
}

export function readEnd(decoder: decoding.Decoder): void {
  if (decoding.hasContent(decoder)) throw new Refusal("bytes are left over");
}
