import { ByteReader } from "./byte-reader.ts";
import { Damage } from "./damage.ts";

/** One version of what a key stands for. */
export interface Entry {
  readonly key: Uint8Array;
  /** Its sequence number, and in the low byte its kind: of two versions of a key the greater is the newer. */
  readonly tag: bigint;
  /** Empty for a deletion. */
  readonly value: Uint8Array;
}

export const entryKinds = { deletion: 0, value: 1 } as const;

const tagBytes = 8;

/** The keys of a table end with the tag. Throws `Damage`. */
export function toEntry(internalKey: Uint8Array, value: Uint8Array): Entry {
  const { key, tag } = splitInternalKey(internalKey);
  if ((tag & 0xffn) > entryKinds.value) throw new Damage("an entry is of an unknown kind");
  return { key, tag, value };
}

export function splitInternalKey(internalKey: Uint8Array): Pick<Entry, "key" | "tag"> {
  if (internalKey.length < tagBytes) throw new Damage("a key is too short");
  const keyLength = internalKey.length - tagBytes;
  return { key: internalKey.subarray(0, keyLength), tag: new ByteReader(internalKey.subarray(keyLength)).uint64() };
}

export function isDeletion({ tag }: Entry): boolean {
  return (tag & 0xffn) === BigInt(entryKinds.deletion);
}

/** Keys by their bytes; of one key the newest first. */
export function compareEntries(left: Pick<Entry, "key" | "tag">, right: Pick<Entry, "key" | "tag">): number {
  const byKey = Buffer.compare(left.key, right.key);
  if (byKey !== 0 || left.tag === right.tag) return byKey;
  return left.tag > right.tag ? -1 : 1;
}
