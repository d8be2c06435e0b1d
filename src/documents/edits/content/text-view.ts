import * as Y from "yjs";

/** Stands for an embedded object in a text, so that positions in the string are positions in the text. */
export const embedCharacter = "\uFFFC";

/** The characters of a text, without its formatting; each embedded object is one `embedCharacter`. */
export function plainText(text: Y.Text): string {
  const parts: string[] = [];
  for (let item = text._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    parts.push(item.content instanceof Y.ContentString ? item.content.str : embedCharacter);
  }
  return parts.join("");
}

/** Whether a text has what its characters do not show: formatting, or embedded objects. */
export function isFormatted(text: Y.Text): boolean {
  for (let item = text._start; item !== null; item = item.right) {
    if (!(item.deleted || item.content instanceof Y.ContentString)) return true;
  }
  return false;
}

/** The text in a tree of XML: a line for each element that contains text, or nothing. */
export function textOfXml(root: Y.XmlFragment): string {
  return root.length === 0 ? "" : [...linesOf(root)].join("\n");
}

function* linesOf(parent: Y.XmlFragment): Generator<string> {
  let line: string | undefined;
  for (const node of parent.toArray()) {
    if (node instanceof Y.XmlElement && !isInline(node)) {
      if (line !== undefined) yield line;
      line = undefined;
      yield* linesOf(node);
    } else line = (line ?? "") + (node instanceof Y.XmlText ? plainText(node) : embedCharacter);
  }
  if (line !== undefined || parent.length === 0) yield line ?? "";
}

/** Whether an element stands for an object in a line, like an image. */
function isInline(element: Y.XmlElement): boolean {
  if (element.length > 0) return false;
  return element.prevSibling instanceof Y.XmlText || element.nextSibling instanceof Y.XmlText;
}

/** An element of the list that `Y.Text.toDelta` returns. */
export interface DeltaPart {
  /** A string, or an embedded object. */
  readonly insert: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** The content of a text with its formatting. */
export function deltaOf(text: Y.Text): readonly DeltaPart[] {
  // Yjs does not type the list.
  return text.toDelta() as readonly DeltaPart[];
}
