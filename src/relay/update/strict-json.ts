import { DecodeError } from "./strict-decoding.ts";

/**
 * How deep a value may nest.
 *
 * Yjs reads and writes values recursively, JSON is read with less stack than it is written with: without a bound an
 * update passes that overflows the stack of every client (Chromium from about 6,000 on) and of every later merge.
 */
export const deepestNesting = 500;

/** Throws `Refusal` for JSON that nests too deep, `SyntaxError` for what is no JSON. */
export function parseStrictly(text: string): unknown {
  if (nesting(text) > deepestNesting) throw new DecodeError("JSON nests too deep");
  return JSON.parse(text);
}

/** How deep the brackets of a JSON text nest; found before it is parsed. */
function nesting(text: string): number {
  // So short a text cannot nest too deep.
  if (text.length < 2 * deepestNesting) return 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') index = closingQuote(text, index);
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > deepest) deepest = depth;
  }
  return deepest;
}

function closingQuote(text: string, openingQuote: number): number {
  let index = openingQuote + 1;
  while (index < text.length && text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
  return index;
}
