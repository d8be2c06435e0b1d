export type TokenKind = "comment" | "string" | "keyword" | "name" | "plain";

export interface CodeToken {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Comments, strings, keywords and names of classes. Snippets have no regular expressions and no template strings. */
const pattern =
  /(?<comment>\/\/[^\n]*|\/\*.*?\*\/)|(?<string>"(?:[^"\\\n]|\\.)*")|\b(?<keyword>import|from|as|export|function|return|const|new)\b|\b(?<name>[A-Z]\w*|use[A-Z]\w*)\b/g;

/** Splits JavaScript into coloured pieces. Together they are the code. */
export function highlight(code: string): readonly CodeToken[] {
  const tokens: CodeToken[] = [];
  let end = 0;
  for (const match of code.matchAll(pattern)) {
    if (match.index > end) tokens.push({ kind: "plain", text: code.slice(end, match.index) });
    tokens.push({ kind: kindOf(match.groups ?? {}), text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < code.length) tokens.push({ kind: "plain", text: code.slice(end) });
  return tokens;
}

function kindOf({ comment, string, keyword }: Readonly<Record<string, string | undefined>>): TokenKind {
  if (comment !== undefined) return "comment";
  if (string !== undefined) return "string";
  return keyword === undefined ? "name" : "keyword";
}
