import { crc32 } from "../../lib/crypto/crc-32.ts";
import { readUint32 } from "./big-endian.ts";
import { attributeHeaderBytes } from "./stun-header.ts";

export const fingerprintBytes = 4;
const mask = 0x5354554e;

/** The value of a FINGERPRINT attribute that begins at `offset` of the message (RFC 8489 §14.7). */
export function fingerprintAt(bytes: Uint8Array, offset: number): number {
  return (crc32(bytes.subarray(0, offset)) ^ mask) >>> 0;
}

/** Whether the attribute at `offset` is a FINGERPRINT that ends the message and fits it. */
export function isFingerprintRight(bytes: Uint8Array, offset: number, length: number): boolean {
  const valueOffset = offset + attributeHeaderBytes;
  return (
    length === fingerprintBytes &&
    valueOffset + fingerprintBytes === bytes.byteLength &&
    readUint32(bytes, valueOffset) === fingerprintAt(bytes, offset)
  );
}
