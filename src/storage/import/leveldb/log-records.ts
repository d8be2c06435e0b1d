import { ByteReader, Damage } from "./byte-reader.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** The records of a log, and how it ends. */
export interface LogRecords {
  readonly records: readonly Uint8Array[];
  /**
   * The log's end: `cut` in the middle of a record, after its writer was killed, or `damaged`, with bytes that are not
   * a record, after a power loss. LevelDB ends the log there too.
   */
  readonly end: "whole" | "cut" | "damaged";
}

/** A record, or a part of one, in one block. */
interface Fragment {
  readonly type: number;
  readonly payload: Uint8Array;
}

type Scanned = Fragment | Damage | "cut";

const blockBytes = 32 * 1024;
/** The header consists of a checksum, a length and a type. */
const headerBytes = 7;
const checksumBytes = 4;

const types = { zero: 0, full: 1, first: 2, middle: 3, last: 4 } as const;

/**
 * Reads a write-ahead log or a manifest (leveldb/doc/log_format.md).
 *
 * Throws `Damage` for a damaged record that an intact one follows. LevelDB silently skips it with up to 32 KiB around
 * it.
 */
export function readLog(bytes: Uint8Array): LogRecords {
  const records: Uint8Array[] = [];
  /** The fragments of a record that has begun and not ended. */
  let begun: Uint8Array[] | undefined;
  let damage: Damage | undefined;
  for (const part of scan(bytes)) {
    if (part === "cut") return { records, end: damage === undefined ? part : "damaged" };
    if (part instanceof Damage) {
      damage ??= part;
      continue;
    }
    if (damage !== undefined) throw damage;
    begun = appendFragment(begun, part);
    if (part.type !== types.full && part.type !== types.last) continue;
    records.push(concatenate(begun));
    begun = undefined;
  }
  if (damage !== undefined) return { records, end: "damaged" };
  return { records, end: begun === undefined ? "whole" : "cut" };
}

function appendFragment(begun: Uint8Array[] | undefined, { type, payload }: Fragment): Uint8Array[] {
  if (type === types.full || type === types.first) {
    // Old writers put an empty first fragment at the end of a block, and then began the record again.
    if (begun?.some(({ length }) => length > 0)) throw new Damage("truncated record");
    return [payload];
  }
  if (begun === undefined) throw new Damage("a record has no beginning");
  begun.push(payload);
  return begun;
}

function* scan(bytes: Uint8Array): Generator<Scanned> {
  for (let start = 0; start < bytes.length; start += blockBytes) {
    yield* scanBlock(bytes.subarray(start, start + blockBytes), start);
  }
}

/** Continues after a checksum mismatch: an intact record behind it distinguishes damage from the end of the log. */
function* scanBlock(block: Uint8Array, start: number): Generator<Scanned> {
  const isWhole = block.length === blockBytes;
  let position = 0;
  while (block.length - position >= headerBytes) {
    const header = new ByteReader(block.subarray(position, position + headerBytes));
    const checksum = header.uint(checksumBytes);
    const length = header.uint(2);
    const type = header.byte();
    const at = `at byte ${start + position}`;
    const summed = block.subarray(position + headerBytes - 1, position + headerBytes + length);
    if (summed.length <= length) {
      yield isWhole ? new Damage(`a record goes beyond its block ${at}`) : "cut";
      return;
    }
    if (type === types.zero || type > types.last) yield new Damage(`there is no record ${at}`);
    else if (maskedCrc32c(summed) !== checksum) yield new Damage(`checksum mismatch ${at}`);
    else yield { type, payload: summed.subarray(1) };
    position += headerBytes + length;
  }
  // A block ends with fewer bytes than a header takes.
  if (!isWhole && position < block.length) yield "cut";
}

/** The concatenated pieces; a view if there is only one. */
function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}
