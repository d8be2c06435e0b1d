import { timingSafeEqual } from "node:crypto";

/** Whether two texts are the same; how long that takes tells nothing but whether they are of one length. */
export function isSameSecret(left: string, right: string): boolean {
  const [leftBytes, rightBytes] = [Buffer.from(left), Buffer.from(right)];
  return leftBytes.byteLength === rightBytes.byteLength && timingSafeEqual(leftBytes, rightBytes);
}
