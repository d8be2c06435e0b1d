const longestQuote = 100;

/** Quotes a text of a client for logs and answers: shortened, and with every character escaped that could mislead. */
export function quoted(text: string): string {
  const shown = text.length > longestQuote ? `${text.slice(0, longestQuote)}…` : text;
  return JSON.stringify(shown).replaceAll(/[^\x20-\x7e…]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
