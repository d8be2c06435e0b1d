import { hmacSha1 } from "../../lib/crypto/hmac-sha1.ts";
import { writeUint16 } from "./big-endian.ts";
import { attributeHeaderBytes, headerBytes } from "./stun-header.ts";

export const integrityBytes = 20;

/**
 * The value of a MESSAGE-INTEGRITY attribute that begins at `offset` of the message (RFC 8489 §14.5): the HMAC of what is
 * before it, with the length in the header as if the message ended with the attribute. `bytes` is not changed.
 */
export function integrityAt(bytes: Uint8Array, offset: number, key: Uint8Array): Uint8Array {
  const header = bytes.slice(0, headerBytes);
  writeUint16(header, 2, offset + attributeHeaderBytes + integrityBytes - headerBytes);
  return hmacSha1(key, header, bytes.subarray(headerBytes, offset));
}
