/** Bytes that LevelDB does not write. The message states the problem; the caller adds the file. */
export class Damage extends Error {
  override readonly name = "Damage";
}

/** Reads numbers and byte strings in LevelDB's encodings. Throws `Damage` if bytes are missing. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#position;
  }

  byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new Damage("unexpected end of data");
    this.#position += 1;
    return byte;
  }

  /** Reads a little-endian integer of up to 6 bytes. */
  uint(byteLength: number): number {
    let value = 0;
    for (let place = 1; place < 2 ** (8 * byteLength); place *= 2 ** 8) value += this.byte() * place;
    return value;
  }

  /** Reads a little-endian integer of 8 bytes. */
  uint64(): bigint {
    const { buffer, byteOffset, byteLength } = this.bytes(8);
    return new DataView(buffer, byteOffset, byteLength).getBigUint64(0, true);
  }

  /** Reads a variable-length integer with 7 bits per byte, low bits first. */
  varint(): number {
    let value = 0;
    for (let place = 1; ; place *= 2 ** 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * place;
      // With more padding bytes, `place` would become infinite and the value NaN.
      if (value > Number.MAX_SAFE_INTEGER || place > 2 ** 63) throw new Damage("a number is out of range");
      if (byte < 0x80) return value;
    }
  }

  /** Reads `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new Damage("unexpected end of data");
    this.#position += length;
    return this.#bytes.subarray(this.#position - length, this.#position);
  }

  /** Reads a byte string that follows its length, as a view. */
  lengthPrefixed(): Uint8Array {
    return this.bytes(this.varint());
  }
}
