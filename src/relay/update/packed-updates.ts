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

/** The updates as views of the buffer. */
export function unpackUpdates({ bytes, lengths }: PackedUpdates): Uint8Array[] {
  let end = 0;
  return Array.from(lengths, (length) => {
    end += length;
    return bytes.subarray(end - length, end);
  });
}
