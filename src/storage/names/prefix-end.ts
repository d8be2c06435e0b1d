const lastCodePoint = 0x10_ffff;
const surrogates = { first: 0xd800, last: 0xdfff };

/** The first text, by UTF-8 bytes, that is after all texts that begin with `prefix`; undefined if there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (codePoints.at(-1) === lastCodePoint) codePoints.pop();
  const last = codePoints.pop();
  if (last === undefined) return undefined;
  const next = last + 1 === surrogates.first ? surrogates.last + 1 : last + 1;
  return String.fromCodePoint(...codePoints, next);
}
