/** A comment of a source file, without its marks. */
export interface Comment {
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * The comments that have lines of their own; consecutive `//` lines are one comment.
 *
 * The reader knows no strings: a line of a template literal that begins like a comment counts as one.
 */
export function readComments(source: string): readonly Comment[] {
  const comments: Comment[] = [];
  let open: { line: number; texts: string[]; isBlock: boolean } | undefined;
  const close = () => {
    if (open !== undefined) comments.push({ line: open.line, text: open.texts.join(" ").trim() });
    open = undefined;
  };
  for (const [index, raw] of source.split("\n").entries()) {
    const text = raw.trim();
    if (open?.isBlock === true) {
      open.texts.push(text.replace(/\*\/.*$/, "").replace(/^\*\s?/, ""));
      if (text.includes("*/")) close();
      continue;
    }
    if (text.startsWith("//")) {
      open ??= { line: index + 1, texts: [], isBlock: false };
      open.texts.push(text.replace(/^\/\/\s?/, ""));
      continue;
    }
    close();
    const block = /^\{?\/\*+\s?(.*)$/.exec(text);
    if (block === null) continue;
    open = { line: index + 1, texts: [(block[1] ?? "").replace(/\*\/.*$/, "")], isBlock: true };
    if (text.includes("*/")) close();
  }
  close();
  return comments;
}
