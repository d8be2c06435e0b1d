const longestText = 100;

/** A text of a client for logs and answers: shortened, and with every character escaped that could mislead. */
export function shownText(text: string): string {
  const shown = text.length > longestText ? `${text.slice(0, longestText)}…` : text;
  return JSON.stringify(shown)
    .slice(1, -1)
    .replaceAll(/[^\x20-\x7e…]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
