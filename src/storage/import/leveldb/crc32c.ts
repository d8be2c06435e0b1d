/** Castagnoli's polynomial with reversed bits. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
  return remainder;
});

/** CRC-32C (RFC 3720 §B.4). The runtime provides only zip's CRC-32, which has another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  // The loop runs by index, since an iterator takes several times as long.
  for (let index = 0; index < bytes.length; index += 1) {
    crc = (crc >>> 8) ^ (table[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

const maskDelta = 0xa282ead8;

/** A checksum as LevelDB stores it. It is masked, as a plain CRC of data that contains its own CRC is degenerate. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + maskDelta) >>> 0;
}
