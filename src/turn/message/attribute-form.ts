import { attributes } from "./attributes.ts";
import { isFingerprintRight } from "./fingerprint.ts";
import { integrityBytes } from "./integrity.ts";
import { attributeHeaderBytes } from "./stun-header.ts";

/**
 * Whether an attribute, whose type begins at `offset` of the message, lies within it. FINGERPRINT has to fit the message
 * and to end it, and MESSAGE-INTEGRITY has to have its length.
 */
export function isAttributeRight(bytes: Uint8Array, offset: number, type: number, length: number): boolean {
  if (offset + attributeHeaderBytes + length > bytes.byteLength) return false;
  if (type === attributes.fingerprint) return isFingerprintRight(bytes, offset, length);
  return type !== attributes.messageIntegrity || length === integrityBytes;
}
