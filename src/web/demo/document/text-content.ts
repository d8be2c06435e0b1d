import * as Y from "yjs";
import { hasNamedValues, listItems } from "./roots.ts";

/** A part of a text that holds content which the editor cannot edit. */
export type TextPiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "placeholder"; readonly label: string };

/** The beginning of a text that the editor cannot edit. */
export interface ForeignText {
  readonly pieces: readonly TextPiece[];
  /** False when the text goes on after the pieces. */
  readonly isWhole: boolean;
}

const maxPieces = 500;
const maxCharacters = 20_000;

/**
 * True when the text consists of characters only, as the editor's document does: positions are then the same in both.
 * Formats are no obstacle, since they take no position.
 */
export function isPlain(text: Y.Text): boolean {
  for (const item of listItems(text)) if (!isCharacters(item)) return false;
  return !hasNamedValues(text);
}

/** Reads a text that is not plain, for display. */
export function readForeignText(text: Y.Text): ForeignText {
  const pieces: TextPiece[] = [];
  let characters = 0;
  for (const item of listItems(text)) {
    if (!item.countable) continue;
    if (pieces.length === maxPieces || characters === maxCharacters) return { pieces, isWhole: false };
    if (item.content instanceof Y.ContentString) {
      const shown = item.content.str.slice(0, maxCharacters - characters);
      characters += shown.length;
      pieces.push({ kind: "text", text: shown });
    } else pieces.push({ kind: "placeholder", label: labelOf(item.content) });
  }
  if (hasNamedValues(text)) pieces.push({ kind: "placeholder", label: "named values" });
  return { pieces, isWhole: true };
}

function isCharacters({ countable, content }: Y.Item): boolean {
  return !countable || content instanceof Y.ContentString;
}

function labelOf(content: Y.Item["content"]): string {
  if (content instanceof Y.ContentEmbed) return "embed";
  if (content instanceof Y.ContentBinary) return "bytes";
  if (content instanceof Y.ContentDoc) return "document";
  if (content instanceof Y.ContentType) return typeLabels.find(([type]) => content.type instanceof type)?.[1] ?? "type";
  const length = content.getLength();
  return length === 1 ? "value" : `${length} values`;
}

const typeLabels = [
  [Y.XmlElement, "element"],
  [Y.XmlFragment, "fragment"],
  [Y.Text, "text"],
  [Y.Array, "array"],
  [Y.Map, "map"],
] as const;
