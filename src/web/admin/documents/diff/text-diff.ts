import { type Edit, editScript } from "./edit-script.ts";

/** A part of a text that stayed, was added, or was removed. */
export interface TextChange {
  readonly kind: Edit;
  readonly text: string;
}

/** Texts with more differences than this are shown as one that was replaced. */
const mostEdits = 1_000;
const linePattern = /[^\n]*\n|[^\n]+$/g;
const wordPattern = /\s+|[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu;

/** The difference of two texts, for people: by lines, and by words within lines that have changed. */
export function diffTexts(before: string, after: string): readonly TextChange[] {
  const changes = hunksOf(diffTokens(before, after, linePattern)).flatMap((hunk) => {
    if (hunk.kind === "same") return [hunk];
    const { added, removed } = hunk;
    return added === "" || removed === "" ? plainChanges(hunk) : readable(diffTokens(removed, added, wordPattern));
  });
  return joined(changes);
}

/** The difference by the tokens that a pattern finds. It finds every character. */
function diffTokens(before: string, after: string, pattern: RegExp): readonly TextChange[] {
  const [old, present] = [before.match(pattern) ?? [], after.match(pattern) ?? []];
  const start = commonStart(old, present);
  const end = commonEnd(old, present, start);
  const oldMiddle = old.slice(start, old.length - end);
  const middle = present.slice(start, present.length - end);
  return joined([
    { kind: "same", text: present.slice(0, start).join("") },
    ...middleChanges(oldMiddle, middle),
    { kind: "same", text: present.slice(present.length - end).join("") },
  ]);
}

function middleChanges(before: readonly string[], after: readonly string[]): readonly TextChange[] {
  const edits = editScript(before, after, mostEdits);
  if (edits === undefined) return plainChanges({ removed: before.join(""), added: after.join("") });
  let [oldIndex, index] = [0, 0];
  return edits.map((kind) => {
    const text = (kind === "removed" ? before[oldIndex] : after[index]) ?? "";
    if (kind !== "added") oldIndex += 1;
    if (kind !== "removed") index += 1;
    return { kind, text };
  });
}

function commonStart(one: readonly string[], other: readonly string[]): number {
  let index = 0;
  while (index < one.length && index < other.length && one[index] === other[index]) index += 1;
  return index;
}

/** The length of the common end, after the common start. */
function commonEnd(one: readonly string[], other: readonly string[], start: number): number {
  let count = 0;
  while (count < Math.min(one.length, other.length) - start && one.at(-1 - count) === other.at(-1 - count)) count += 1;
  return count;
}

type Hunk = Same | Replaced;

interface Same extends TextChange {
  readonly kind: "same";
}

interface Replaced {
  readonly kind?: undefined;
  readonly removed: string;
  readonly added: string;
}

/** Joins the changes between two parts that stayed. */
function hunksOf(changes: readonly TextChange[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const { kind, text } of changes) {
    const last = hunks.at(-1);
    if (kind === "same") hunks.push({ kind, text });
    else if (last === undefined || last.kind === "same") hunks.push({ removed: "", added: "", [kind]: text });
    else hunks[hunks.length - 1] = { ...last, [kind]: last[kind] + text };
  }
  return hunks;
}

function plainChanges({ added, removed }: Pick<Replaced, "added" | "removed">): readonly TextChange[] {
  return joined([
    { kind: "removed", text: removed },
    { kind: "added", text: added },
  ]);
}

/** Joins changes that are apart by white space only, and large ones that are apart by a short word. */
function readable(changes: readonly TextChange[]): readonly TextChange[] {
  const hunks = hunksOf(changes);
  const spread = hunks.flatMap((hunk, index): readonly TextChange[] => {
    if (hunk.kind !== "same") return plainChanges(hunk);
    const [before, after] = [hunks[index - 1], hunks[index + 1]];
    if (before === undefined || after === undefined || !isNoise(hunk.text, lengthOf(before) + lengthOf(after))) {
      return [hunk];
    }
    return plainChanges({ removed: hunk.text, added: hunk.text });
  });
  return hunksOf(spread).flatMap((hunk) => (hunk.kind === "same" ? [hunk] : plainChanges(hunk)));
}

/** Whether a text that stayed, among so many characters that did not, only makes the difference harder to read. */
function isNoise(text: string, changed: number): boolean {
  const { length } = text.trim();
  return length === 0 || (length <= 3 && changed >= 20 * length);
}

function lengthOf(hunk: Hunk): number {
  return hunk.kind === "same" ? hunk.text.length : hunk.removed.length + hunk.added.length;
}

/** Joins neighbours of one kind, and leaves empty parts out. */
function joined(changes: readonly TextChange[]): readonly TextChange[] {
  const parts: TextChange[] = [];
  for (const change of changes) {
    const last = parts.at(-1);
    if (change.text === "") continue;
    if (last?.kind === change.kind) parts[parts.length - 1] = { ...last, text: last.text + change.text };
    else parts.push(change);
  }
  return parts;
}
