/** The SHA-256 digest of a text in UTF-8 (FIPS 180-4): 32 bytes. */
export function sha256(text: string): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(text).digest();
}
