/** The beginning of a text, and the number of its characters that are left out. */
export interface CutText {
  readonly text: string;
  readonly omitted: number;
}

/** Cuts a text after `most` UTF-16 code units, but not within a character. */
export function cutText(text: string, most: number): CutText {
  if (text.length <= most) return { text, omitted: 0 };
  const isInside = (text.charCodeAt(most) & 0xfc00) === 0xdc00;
  const end = isInside ? most - 1 : most;
  return { text: text.slice(0, end), omitted: text.length - end };
}
