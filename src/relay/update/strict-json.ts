import { DecodeError } from "./strict-decoding.ts";

/**
 * The greatest depth to which a value may nest.
 *
 * Yjs reads and writes values recursively, and reading JSON takes less stack than writing it. Without a bound, an
 * update would be accepted that overflows the stack of every client (Chromium: from a depth of about 6,000) and of
 * every later merge.
 */
export const deepestNesting = 500;

/** Parses JSON. Throws `DecodeError` when it nests too deep, `SyntaxError` when the text is not JSON. */
export function parseStrictly(text: string): unknown {
  if (nesting(text) > deepestNesting) throw new DecodeError("JSON nested too deeply");
  return JSON.parse(text);
}

/** The greatest depth to which the brackets of a JSON text nest, found without parsing it. */
function nesting(text: string): number {
  // A text as short as this cannot nest too deep.
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
