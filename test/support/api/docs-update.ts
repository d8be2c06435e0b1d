import { codeBlocks } from "../docs-snippets.ts";

/** The update that docs/http-api.md writes with printf. */
export function docsSnippetBytes(): Uint8Array {
  const code = codeBlocks("docs/http-api.md")
    .map((block) => block.code)
    .join("");
  const [, format = ""] = /^printf '(.*)' > hello\.bin$/m.exec(code) ?? [];
  const text = format.replaceAll(/\\([0-7]+)/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
