/** The HMAC-SHA1 of the pieces, one after the other (RFC 2104): 20 bytes. */
export function hmacSha1(key: Uint8Array, ...pieces: readonly Uint8Array[]): Uint8Array {
  const hasher = new Bun.CryptoHasher("sha1", key);
  for (const piece of pieces) hasher.update(piece);
  return hasher.digest();
}
