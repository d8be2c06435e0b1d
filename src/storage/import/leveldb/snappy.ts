import { ByteReader, Damage } from "./byte-reader.ts";

/** The greatest expansion: a copy of 64 bytes takes 3. A block that claims more is damaged; no memory is allocated. */
const maxExpansion = 22;

/** The low two bits of an element's first byte. Copies are named by the length of their offset in bytes. */
const kinds = { literal: 0, copy1: 1, copy2: 2 } as const;

interface Copy {
  readonly offset: number;
  readonly length: number;
}

/** Decompresses one block (snappy's format_description.txt, without its framing). Throws `Damage`. */
export function decompressSnappy(compressed: Uint8Array): Uint8Array {
  const reader = new ByteReader(compressed);
  const length = reader.varint();
  if (length > compressed.length * maxExpansion) throw corruptBlock();
  const output = new Uint8Array(length);
  let written = 0;
  while (reader.remaining > 0) {
    const tag = reader.byte();
    if ((tag & 3) === kinds.literal) {
      const literal = reader.bytes(literalLength(tag, reader));
      if (written + literal.length > length) throw corruptBlock();
      output.set(literal, written);
      written += literal.length;
    } else {
      const copied = copyOf(tag, reader);
      repeat(output, written, copied);
      written += copied.length;
    }
  }
  if (written < length) throw corruptBlock();
  return output;
}

/** The length of a literal: in the tag up to 60, otherwise in the following 1 to 4 bytes. */
function literalLength(tag: number, reader: ByteReader): number {
  const upper = tag >>> 2;
  return 1 + (upper < 60 ? upper : reader.uint(upper - 59));
}

function copyOf(tag: number, reader: ByteReader): Copy {
  const upper = tag >>> 2;
  switch (tag & 3) {
    case kinds.copy1:
      return { length: 4 + (upper & 7), offset: (upper >>> 3) * 2 ** 8 + reader.byte() };
    case kinds.copy2:
      return { length: 1 + upper, offset: reader.uint(2) };
    default:
      return { length: 1 + upper, offset: reader.uint(4) };
  }
}

/** Copies earlier output. Source and target may overlap: a short offset repeats a pattern. */
function repeat(output: Uint8Array, written: number, { offset, length }: Copy): void {
  if (offset === 0 || offset > written) throw corruptBlock();
  if (written + length > output.length) throw corruptBlock();
  if (offset >= length) output.copyWithin(written, written - offset, written - offset + length);
  else for (let index = written; index < written + length; index += 1) output[index] = output[index - offset] ?? 0;
}

function corruptBlock(): Damage {
  return new Damage("corrupt compressed block");
}
