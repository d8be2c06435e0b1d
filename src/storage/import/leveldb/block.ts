import { ByteReader, Damage } from "./byte-reader.ts";

export interface BlockEntry {
  readonly key: Uint8Array;
  /** A view of the block. */
  readonly value: Uint8Array;
}

/** The greatest key length. y-leveldb's keys hold a name from a URL; without a limit, 3 bytes could copy a megabyte. */
const maxKeyBytes = 64 * 1024;

/** Reads the entries of a block in order (leveldb/table/block_builder.cc). Throws `Damage`. */
export function* readBlockEntries(block: Uint8Array): Generator<BlockEntry> {
  const reader = new ByteReader(block.subarray(0, entriesEnd(block)));
  let previous: Uint8Array = new Uint8Array();
  while (reader.remaining > 0) {
    const shared = reader.varint();
    const rest = reader.varint();
    const valueLength = reader.varint();
    if (shared > previous.length) throw new Damage("a key shares more bytes than the previous key has");
    if (shared + rest > maxKeyBytes) throw new Damage(`a key is longer than ${maxKeyBytes} bytes`);
    const key = new Uint8Array(shared + rest);
    key.set(previous.subarray(0, shared));
    key.set(reader.bytes(rest), shared);
    yield { key, value: reader.bytes(valueLength) };
    previous = key;
  }
}

/** Returns the offset at which the entries end. The restart points, which serve look-ups, and their number follow. */
function entriesEnd(block: Uint8Array): number {
  const numberBytes = 4;
  const countAt = block.length - numberBytes;
  if (countAt < 0) throw new Damage("a block is too short");
  const restarts = new ByteReader(block.subarray(countAt)).uint(numberBytes);
  const end = countAt - restarts * numberBytes;
  if (end < 0) throw new Damage("a block is too short");
  return end;
}
