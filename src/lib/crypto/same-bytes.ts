import { timingSafeEqual } from "node:crypto";

/** Compares in constant time: the duration reveals only whether the lengths are equal. */
export function isSameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
