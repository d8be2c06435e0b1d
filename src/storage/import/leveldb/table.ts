import { readBlockEntries } from "./block.ts";
import { ByteReader, Damage } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { compareEntries, type LevelDbEntry, toEntry } from "./entry.ts";
import { decompressSnappy } from "./snappy.ts";

/** Random access to the bytes of a file. */
export interface RandomAccess {
  readonly byteLength: number;
  /** Reads exactly these bytes, which must be within the file. */
  read(offset: number, length: number): Uint8Array;
}

/** The position of a block. */
interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

const footerBytes = 48;
const magic = 0xdb47_7524_8b80_fb57n;

/** The trailer of each block: its compression and a checksum. */
const trailerBytes = 5;
const compressions = { none: 0, snappy: 1 } as const;

/** Reads the entries of a table in order (leveldb/doc/table_format.md), a block at a time. Throws `Damage`. */
export function* readTable(file: RandomAccess): Generator<LevelDbEntry> {
  let end = 0;
  let previous: LevelDbEntry | undefined;
  for (const { value: handle } of readBlockEntries(readBlock(file, readFooter(file)))) {
    const block = readHandle(new ByteReader(handle));
    // Without this check, a small index could name one block any number of times.
    if (block.offset < end) throw new Damage("blocks overlap");
    end = block.offset + block.length;
    for (const { key, value } of readBlockEntries(readBlock(file, block))) {
      const entry = toEntry(key, value);
      if (previous !== undefined && compareEntries(previous, entry) >= 0) throw new Damage("keys are out of order");
      yield entry;
      previous = entry;
    }
  }
}

/** Returns the position of the index. The filters before it serve look-ups only. */
function readFooter(file: RandomAccess): BlockHandle {
  if (file.byteLength < footerBytes) throw new Damage("it is too short for a table");
  const footer = file.read(file.byteLength - footerBytes, footerBytes);
  if (new ByteReader(footer.subarray(-8)).uint64() !== magic) throw new Damage("bad magic number");
  const reader = new ByteReader(footer);
  readHandle(reader);
  return readHandle(reader);
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), length: reader.varint() };
}

function readBlock(file: RandomAccess, { offset, length }: BlockHandle): Uint8Array {
  if (offset + length + trailerBytes > file.byteLength - footerBytes) throw new Damage("a block is beyond its end");
  const bytes = file.read(offset, length + trailerBytes);
  const trailer = new ByteReader(bytes.subarray(length));
  const compression = trailer.byte();
  const checksum = trailer.uint(4);
  // The checksum covers the block and its compression byte.
  if (maskedCrc32c(bytes.subarray(0, length + 1)) !== checksum) {
    throw new Damage(`checksum mismatch at byte ${offset}`);
  }
  const block = bytes.subarray(0, length);
  switch (compression) {
    case compressions.none:
      return block;
    case compressions.snappy:
      return decompressSnappy(block);
    default:
      throw new Damage(`a block has an unsupported compression (${compression})`);
  }
}
