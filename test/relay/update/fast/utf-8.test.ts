import { expect, test } from "bun:test";
import { utf16Length } from "../../../../src/relay/update/fast/utf-8.ts";
import { withSeeds } from "../../../support/bytes/random.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodedLength(bytes: Uint8Array): number {
  try {
    return decoder.decode(bytes).length;
  } catch {
    return -1;
  }
}

test("each character has the length that the decoder finds", () => {
  for (let code = 0; code <= 0x10ffff; code += code < 0x3000 ? 1 : 97) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const bytes = new TextEncoder().encode(`a${String.fromCodePoint(code)}b`);
    expect(utf16Length(bytes, 0, bytes.byteLength)).toBe(code > 0xffff ? 4 : 3);
  }
});

test("any two bytes, and any bytes behind the first of a longer character, are judged as the decoder judges them", () => {
  for (let first = 0; first < 256; first += 1) {
    for (let second = 0; second < 256; second += 1) {
      for (const rest of [[], [0x80], [0x80, 0x80], [0xbf, 0xbf, 0x61], [0x61, 0x80], [0x80, 0x61]]) {
        const bytes = Uint8Array.of(first, second, ...rest);
        if (utf16Length(bytes, 0, bytes.byteLength) !== decodedLength(bytes)) throw new Error(bytes.toHex());
      }
    }
  }
});

test("a part of an array is judged alone", () => {
  withSeeds(2_000, (random) => {
    const bytes = Uint8Array.from({ length: 12 }, () => random.pick([0x61, 0x80, 0xbf, 0xc3, 0xe2, 0xf0, 0x9f]));
    const start = random.integer(6);
    const end = start + random.integer(7);
    expect(utf16Length(bytes, start, end)).toBe(decodedLength(bytes.subarray(start, end)));
  });
});
