import { cutText } from "../text/cut-text.ts";
import type { TextChange } from "./text-diff.ts";

/** A part of a difference as it is shown. `omitted` stands for so many characters that are the same. */
export type ShownPart = TextChange | { readonly kind: "omitted"; readonly count: number };

export interface FoldedDiff {
  readonly parts: readonly ShownPart[];
  /** The changes after these parts, which are too many to be shown. */
  readonly hiddenChanges: number;
}

/** The characters that are shown around a change. */
const context = 160;
/** Fewer characters are not left out. */
const leastOmitted = 80;
/** The characters that are shown in all, and of one change. */
const mostCharacters = 20_000;
const mostOfChange = 5_000;

/** Leaves out what is far from a change, and what is too much to be read. */
export function foldDiff(changes: readonly TextChange[]): FoldedDiff {
  const parts: ShownPart[] = [];
  let shown = 0;
  for (const [index, change] of changes.entries()) {
    if (shown >= mostCharacters) {
      return { parts, hiddenChanges: changes.slice(index).filter(({ kind }) => kind !== "same").length };
    }
    const added = change.kind === "same" ? foldSame(change.text, index, changes.length) : foldChange(change);
    parts.push(...added);
    shown += added.reduce((sum, part) => sum + (part.kind === "omitted" ? 0 : part.text.length), 0);
  }
  return { parts, hiddenChanges: 0 };
}

function foldSame(text: string, index: number, count: number): readonly ShownPart[] {
  const head = index === 0 ? 0 : context;
  const tail = index === count - 1 ? 0 : context;
  const omitted = text.length - head - tail;
  if (omitted < leastOmitted) return [{ kind: "same", text }];
  const { text: start } = cutText(text, head);
  const end = lastCharacters(text, tail);
  const parts: readonly ShownPart[] = [
    { kind: "same", text: start },
    { kind: "omitted", count: text.length - start.length - end.length },
    { kind: "same", text: end },
  ];
  return parts.filter((part) => part.kind === "omitted" || part.text !== "");
}

function foldChange(change: TextChange): readonly ShownPart[] {
  const { omitted, text } = cutText(change.text, mostOfChange);
  const shown: ShownPart = { ...change, text };
  return omitted === 0 ? [shown] : [shown, { kind: "omitted", count: omitted }];
}

function lastCharacters(text: string, most: number): string {
  const start = text.length - most;
  const isInside = (text.charCodeAt(start) & 0xfc00) === 0xdc00;
  return text.slice(isInside ? start + 1 : start);
}

/** The characters that were added and removed. */
export function countChanges(changes: readonly TextChange[]): { readonly added: number; readonly removed: number } {
  const lengthOf = (wanted: TextChange["kind"]) =>
    changes.reduce((sum, { kind, text }) => sum + (kind === wanted ? text.length : 0), 0);
  return { added: lengthOf("added"), removed: lengthOf("removed") };
}

/** A changed text in which also white space can be seen. */
export function visibleChange(text: string): string {
  const lines = text.replaceAll("\n", "↵\n");
  return text.trim() === "" ? lines.replaceAll(" ", "␣").replaceAll("\t", "⇥") : lines;
}
