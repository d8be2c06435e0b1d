/** The MD5 digest of a text in UTF-8 (RFC 1321): 16 bytes. Only for protocols that prescribe it. */
export function md5(text: string): Uint8Array {
  return new Bun.CryptoHasher("md5").update(text).digest();
}
