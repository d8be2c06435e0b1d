import * as encoding from "lib0/encoding";
import { maskedCrc32c } from "../../../src/storage/import/leveldb/crc32c.ts";

/** A key and its new value; undefined for a deletion. */
export type Write = readonly [key: string, value: string | undefined];

export const logBlockBytes = 32 * 1024;

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concatenate(...pieces: readonly Uint8Array[]): Uint8Array {
  return encoding.encode((encoder) => {
    for (const piece of pieces) encoding.writeUint8Array(encoder, piece);
  });
}

/** A log or manifest with these records, in the form of LevelDB's writer. */
export function logBytes(records: readonly Uint8Array[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const record of records) writeRecord(encoder, record);
  return encoding.toUint8Array(encoder);
}

function writeRecord(encoder: encoding.Encoder, record: Uint8Array): void {
  let rest = record;
  let isFirst = true;
  do {
    const left = logBlockBytes - (encoding.length(encoder) % logBlockBytes);
    if (left < 7) encoding.writeUint8Array(encoder, new Uint8Array(left));
    const room = (left < 7 ? logBlockBytes : left) - 7;
    const fragment = rest.subarray(0, room);
    rest = rest.subarray(room);
    const types = isFirst ? { whole: 1, part: 2 } : { whole: 4, part: 3 };
    encoding.writeUint8Array(encoder, logFragment(rest.length === 0 ? types.whole : types.part, fragment));
    isFirst = false;
  } while (rest.length > 0);
}

export function logFragment(type: number, payload: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeUint32(encoder, maskedCrc32c(concatenate(Uint8Array.of(type), payload)));
    encoding.writeUint16(encoder, payload.length);
    encoding.writeUint8(encoder, type);
    encoding.writeUint8Array(encoder, payload);
  });
}

export function writeBatch(sequence: number, writes: readonly Write[], count = writes.length): Uint8Array {
  return encoding.encode((encoder) => {
    writeUint64(encoder, BigInt(sequence));
    encoding.writeUint32(encoder, count);
    for (const [key, value] of writes) {
      encoding.writeUint8(encoder, value === undefined ? 0 : 1);
      encoding.writeVarString(encoder, key);
      if (value !== undefined) encoding.writeVarString(encoder, value);
    }
  });
}

export function internalKey(key: string, sequence: number, kind = 1): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeUint8Array(encoder, utf8(key));
    writeUint64(encoder, (BigInt(sequence) << 8n) | BigInt(kind));
  });
}

/** A block without its trailer. Each key shares its prefix with the one before, except every third key. */
export function blockBytes(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  return encoding.encode((encoder) => {
    const restarts: number[] = [];
    let previous = new Uint8Array();
    for (const [index, [key, value]] of entries.entries()) {
      const isWhole = index % 3 === 0;
      if (isWhole) restarts.push(encoding.length(encoder));
      const shared = isWhole ? 0 : sharedLength(previous, key);
      for (const length of [shared, key.length - shared, value.length]) encoding.writeVarUint(encoder, length);
      encoding.writeUint8Array(encoder, key.subarray(shared));
      encoding.writeUint8Array(encoder, value);
      previous = new Uint8Array(key);
    }
    for (const restart of restarts) encoding.writeUint32(encoder, restart);
    encoding.writeUint32(encoder, restarts.length);
  });
}

function sharedLength(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  let shared = 0;
  while (shared < length && left[shared] === right[shared]) shared += 1;
  return shared;
}

/** A block as it is stored: its bytes, and their compression (0 none, 1 snappy). */
export interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly compression: number;
}

/** A table of these data blocks. `handles` replaces the correct handles of its index. */
export function tableBytes(
  blocks: readonly StoredBlock[],
  handles?: readonly (readonly [offset: number, length: number])[],
): Uint8Array {
  return encoding.encode((encoder) => {
    const written = blocks.map((block) => writeBlock(encoder, block));
    const index = (handles ?? written).map((handle, number) => [utf8(`${number}`), handleBytes(handle)] as const);
    const metaindex = writeBlock(encoder, { bytes: blockBytes([]), compression: 0 });
    const footer = [metaindex, writeBlock(encoder, { bytes: blockBytes(index), compression: 0 })].map(handleBytes);
    const start = encoding.length(encoder);
    for (const handle of footer) encoding.writeUint8Array(encoder, handle);
    encoding.writeUint8Array(encoder, new Uint8Array(start + 40 - encoding.length(encoder)));
    writeUint64(encoder, 0xdb47_7524_8b80_fb57n);
  });
}

function writeBlock(encoder: encoding.Encoder, { bytes, compression }: StoredBlock): readonly [number, number] {
  const offset = encoding.length(encoder);
  const summed = concatenate(bytes, Uint8Array.of(compression));
  encoding.writeUint8Array(encoder, summed);
  encoding.writeUint32(encoder, maskedCrc32c(summed));
  return [offset, bytes.length];
}

function handleBytes([offset, length]: readonly [number, number]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, offset);
    encoding.writeVarUint(encoder, length);
  });
}

function writeUint64(encoder: encoding.Encoder, value: bigint): void {
  encoding.writeUint32(encoder, Number(value & 0xffff_ffffn));
  encoding.writeUint32(encoder, Number(value >> 32n));
}
