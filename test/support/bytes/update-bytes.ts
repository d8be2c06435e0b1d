import * as encoding from "lib0/encoding";

export type Write = (encoder: encoding.Encoder) => void;
type Id = readonly [client: number, clock: number];

/** The position of an item. It is written exactly as given, whether Yjs would write it or not. */
interface Place {
  readonly origin?: Id;
  readonly rightOrigin?: Id;
  readonly parent?: string | Id;
  readonly key?: string;
}

interface Section {
  readonly client: number;
  readonly clock: number;
  readonly structs: readonly Write[];
  /** The number of structs that it claims to have, when that differs from the real one. */
  readonly count?: number;
}

interface Deletes {
  readonly client: number;
  readonly ranges: readonly (readonly [clock: number, length: number])[];
}

/** An update (V1), encoded exactly as described. */
export function updateBytes(sections: readonly Section[], deletes: readonly Deletes[] = []): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, sections.length);
    for (const { client, clock, structs, count } of sections) {
      encoding.writeVarUint(encoder, count ?? structs.length);
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      for (const write of structs) write(encoder);
    }
    encoding.writeVarUint(encoder, deletes.length);
    for (const { client, ranges } of deletes) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const range of ranges) for (const value of range) encoding.writeVarUint(encoder, value);
    }
  });
}

export function gc(length: number): Write {
  return (encoder) => {
    encoding.writeUint8(encoder, 0);
    encoding.writeVarUint(encoder, length);
  };
}

export function skip(length: number): Write {
  return (encoder) => {
    encoding.writeUint8(encoder, 10);
    encoding.writeVarUint(encoder, length);
  };
}

export function item(ref: number, content: Write, place: Place = { parent: "root" }): Write {
  const { origin, rightOrigin, parent, key } = place;
  const flags = (origin ? 0x80 : 0) | (rightOrigin ? 0x40 : 0) | (key === undefined ? 0 : 0x20);
  return (encoder) => {
    encoding.writeUint8(encoder, ref | flags);
    if (origin !== undefined) writeId(encoder, origin);
    if (rightOrigin !== undefined) writeId(encoder, rightOrigin);
    if (parent !== undefined) writeParent(encoder, parent);
    if (key !== undefined) encoding.writeVarString(encoder, key);
    content(encoder);
  };
}

export function text(characters: string, place?: Place): Write {
  return item(4, string(characters), place);
}

/** One value in lib0's `any` encoding. */
export function any(value: Write, place?: Place): Write {
  return item(8, sequence(bytes(1), value), place);
}

/** An embed with this JSON text. */
export function json(value: string): Write {
  return item(5, string(value));
}

export function subdocument(options: Write): Write {
  return item(9, sequence(string("guid"), options));
}

export function string(value: string): Write {
  return (encoder) => encoding.writeVarString(encoder, value);
}

export function bytes(...values: readonly number[]): Write {
  return (encoder) => encoding.writeUint8Array(encoder, Uint8Array.from(values));
}

export function sequence(...writes: readonly Write[]): Write {
  return (encoder) => {
    for (const write of writes) write(encoder);
  };
}

export function repeated(times: number, write: Write): Write {
  return (encoder) => {
    for (let left = times; left > 0; left -= 1) write(encoder);
  };
}

/** An update that brings exactly these clocks, as collected garbage. */
export function bringing(client: number, start: number, end: number): Uint8Array {
  return updateBytes([{ client, clock: start, structs: [gc(end - start)] }]);
}

/** An update that only deletes. */
export function deleting(client: number, start: number, end: number): Uint8Array {
  return updateBytes([], [{ client, ranges: [[start, end - start]] }]);
}

function writeParent(encoder: encoding.Encoder, parent: string | Id): void {
  const isRootType = typeof parent === "string";
  encoding.writeVarUint(encoder, isRootType ? 1 : 0);
  if (isRootType) encoding.writeVarString(encoder, parent);
  else writeId(encoder, parent);
}

function writeId(encoder: encoding.Encoder, [client, clock]: Id): void {
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
}
