import { ByteReader, Damage } from "./byte-reader.ts";

/** One version of a key's value. */
export interface LevelDbEntry {
  readonly key: Uint8Array;
  /** The sequence number, and the kind in the low byte. The newer of two versions of a key has the greater tag. */
  readonly tag: bigint;
  /** Empty for a deletion. */
  readonly value: Uint8Array;
}

export const entryKinds = { deletion: 0, value: 1 } as const;

const tagBytes = 8;

/** Splits a table's internal key, which ends with the tag. Throws `Damage`. */
export function toEntry(internalKey: Uint8Array, value: Uint8Array): LevelDbEntry {
  const { key, tag } = splitInternalKey(internalKey);
  if ((tag & 0xffn) > entryKinds.value) throw new Damage("unknown value type");
  return { key, tag, value };
}

export function splitInternalKey(internalKey: Uint8Array): Pick<LevelDbEntry, "key" | "tag"> {
  if (internalKey.length < tagBytes) throw new Damage("a key is too short");
  const keyLength = internalKey.length - tagBytes;
  return { key: internalKey.subarray(0, keyLength), tag: new ByteReader(internalKey.subarray(keyLength)).uint64() };
}

export function isDeletion({ tag }: LevelDbEntry): boolean {
  return (tag & 0xffn) === BigInt(entryKinds.deletion);
}

/** Orders entries by the bytes of their keys, and the versions of a key from the newest to the oldest. */
export function compareEntries(
  left: Pick<LevelDbEntry, "key" | "tag">,
  right: Pick<LevelDbEntry, "key" | "tag">,
): number {
  const byKey = Buffer.compare(left.key, right.key);
  if (byKey !== 0 || left.tag === right.tag) return byKey;
  return left.tag > right.tag ? -1 : 1;
}
