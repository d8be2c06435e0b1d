import { ByteReader, Damage } from "./byte-reader.ts";
import { entryKinds, type LevelDbEntry } from "./entry.ts";

const nothing = new Uint8Array();

/** Reads a batch of writes: one record of a write-ahead log. Throws `Damage`. */
export function* readWriteBatch(record: Uint8Array): Generator<LevelDbEntry> {
  const reader = new ByteReader(record);
  const sequence = reader.uint64();
  const count = reader.uint(4);
  let index = 0n;
  for (; reader.remaining > 0; index += 1n) {
    const kind = reader.byte();
    if (kind > entryKinds.value) throw new Damage("unknown value type");
    const key = reader.lengthPrefixed();
    const value = kind === entryKinds.value ? reader.lengthPrefixed() : nothing;
    yield { key, tag: ((sequence + index) << 8n) | BigInt(kind), value };
  }
  if (index !== BigInt(count)) throw new Damage("incomplete batch of writes");
}
