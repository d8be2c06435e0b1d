import { readUint16, readUint32 } from "./big-endian.ts";

/** Type and length of 2 bytes each, the magic cookie, and the transaction id of 12 bytes (RFC 8489 §5). */
export const headerBytes = 20;
export const magicCookie = 0x2112a442;
export const cookieOffset = 4;
export const transactionIdOffset = 8;
export const transactionIdBytes = 12;
/** Type and length of an attribute. */
export const attributeHeaderBytes = 4;

/** A length with the padding of an attribute or of ChannelData in a stream. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Whether `bytes` starts with the header of a STUN message that has exactly the length of `bytes`. */
export function hasStunHeader(bytes: Uint8Array): boolean {
  const length = readUint16(bytes, 2);
  return (
    bytes.byteLength >= headerBytes &&
    (bytes[0] ?? 0xff) < 0x40 &&
    length % 4 === 0 &&
    length === bytes.byteLength - headerBytes &&
    readUint32(bytes, cookieOffset) === magicCookie
  );
}
