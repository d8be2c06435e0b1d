const invalid = -1;

/**
 * The length in UTF-16 code units of the UTF-8 text at [start, end) of `bytes`; -1 when it is not valid UTF-8 (RFC 3629,
 * §4). Decodes nothing.
 */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  for (let index = start; index < end; index += 1) {
    if ((bytes[index] ?? 0x80) >= 0x80) return lengthFrom(bytes, index, { end, before: index - start });
  }
  return end - start;
}

interface Rest {
  readonly end: number;
  /** The length of the text before. */
  readonly before: number;
}

function lengthFrom(bytes: Uint8Array, start: number, { end, before }: Rest): number {
  let length = before;
  let index = start;
  while (index < end) {
    const size = characterBytes(bytes, index);
    index += size;
    if (size === 0 || index > end) return invalid;
    // A character of four bytes is a surrogate pair.
    length += size === 4 ? 2 : 1;
  }
  return length;
}

/** The bytes of the character at `index`; 0 when it is not valid. */
function characterBytes(bytes: Uint8Array, index: number): number {
  const first = bytes[index] ?? 0;
  if (first < 0x80) return 1;
  // C0 and C1 would begin characters that have one byte.
  if (first < 0xc2) return 0;
  if (first < 0xe0) return isFollowing(bytes[index + 1]) ? 2 : 0;
  if (first < 0xf0) return isSecondOfThree(first, bytes[index + 1]) && isFollowing(bytes[index + 2]) ? 3 : 0;
  if (first > 0xf4 || !isSecondOfFour(first, bytes[index + 1])) return 0;
  return isFollowing(bytes[index + 2]) && isFollowing(bytes[index + 3]) ? 4 : 0;
}

/** Excludes characters that have fewer bytes, and surrogates. */
function isSecondOfThree(first: number, second: number | undefined): boolean {
  return isBetween(second, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf);
}

/** Excludes characters that have fewer bytes, and numbers above U+10FFFF. */
function isSecondOfFour(first: number, second: number | undefined): boolean {
  return isBetween(second, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf);
}

function isFollowing(byte: number | undefined): boolean {
  return isBetween(byte, 0x80, 0xbf);
}

function isBetween(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}
