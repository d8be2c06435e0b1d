import { ByteReader, Damage } from "./leveldb/byte-reader.ts";

/** The meaning of a key of y-leveldb. */
export type YLeveldbKey =
  /**
   * `update`: an update of the document; `meta`: a value of the app (`setMeta`); `state-vector`: the state vector of
   * the updates.
   */
  { readonly kind: "update" | "meta" | "state-vector"; readonly name: string } | { readonly kind: "foreign" };

/** y-leveldb/src/y-leveldb.js, `keyEncoding`. */
const parts = { string: 0, uint32: 1 } as const;

export function decodeKey(key: Uint8Array): YLeveldbKey {
  const [version, name, kind, last, ...rest] = decodeParts(key) ?? [];
  const foreign = { kind: "foreign" } as const;
  if (typeof name !== "string" || rest.length > 0) return foreign;
  if (version === "v1_sv" && kind === undefined) return { kind: "state-vector", name };
  if (version !== "v1") return foreign;
  if (kind === "update" && typeof last === "number") return { kind, name };
  if (kind === "meta" && typeof last === "string") return { kind, name };
  return foreign;
}

function decodeParts(key: Uint8Array): readonly (string | number)[] | undefined {
  try {
    const reader = new ByteReader(key);
    const decoded: (string | number)[] = [];
    while (reader.remaining > 0) decoded.push(readPart(reader));
    return decoded;
  } catch (error) {
    // `TextDecoder` throws a TypeError for invalid UTF-8.
    if (error instanceof Damage || error instanceof TypeError) return undefined;
    throw error;
  }
}

function readPart(reader: ByteReader): string | number {
  switch (reader.byte()) {
    case parts.string:
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(reader.lengthPrefixed());
    case parts.uint32:
      return new DataView(Uint8Array.from(reader.bytes(4)).buffer).getUint32(0);
    default:
      throw new Damage("a part of a key is of an unknown kind");
  }
}
