/** The CRC-32 of ITU V.42, as in Ethernet and zip: an unsigned integer. */
export function crc32(bytes: Uint8Array): number {
  return Bun.hash.crc32(bytes);
}
