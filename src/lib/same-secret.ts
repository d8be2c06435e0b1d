import { timingSafeEqual } from "node:crypto";

/** Compares two texts in constant time: the duration reveals only whether their lengths are equal. */
export function isSameSecret(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.byteLength === rightBytes.byteLength && timingSafeEqual(leftBytes, rightBytes);
}
