/** Updates one after the other in one buffer, which can be transferred to another thread. */
export interface PackedUpdates {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The length of each update in bytes. */
  readonly lengths: Uint32Array<ArrayBuffer>;
}

/** Copies the updates into one buffer. */
export function packUpdates(updates: readonly Uint8Array[]): PackedUpdates {
  const bytes = new Uint8Array(updates.reduce((sum, update) => sum + update.byteLength, 0));
  const lengths = Uint32Array.from(updates, (update) => update.byteLength);
  let offset = 0;
  for (const update of updates) {
    bytes.set(update, offset);
    offset += update.byteLength;
  }
  return { bytes, lengths };
}

/** Copies the updates of `packed` and `last` into one buffer. */
export function packWith({ bytes, lengths }: PackedUpdates, last: Uint8Array): PackedUpdates {
  const allBytes = new Uint8Array(bytes.byteLength + last.byteLength);
  allBytes.set(bytes);
  allBytes.set(last, bytes.byteLength);
  const allLengths = new Uint32Array(lengths.length + 1);
  allLengths.set(lengths);
  allLengths[lengths.length] = last.byteLength;
  return { bytes: allBytes, lengths: allLengths };
}

/** The updates as views of the buffer. */
export function unpackUpdates({ bytes, lengths }: PackedUpdates): Uint8Array[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    end += length;
    return bytes.subarray(end - length, end);
  });
}
