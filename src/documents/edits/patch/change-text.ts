import type * as Y from "yjs";
import { EditRefused } from "../content/edit-refused.ts";
import { deltaOf, isFormatted, plainText } from "../content/text-view.ts";
import type { TextChange } from "./patch-operation.ts";

/**
 * Changes a part of a text. Text that replaces deleted text takes its formatting, unless the change has its own.
 * Throws `EditRefused`.
 */
export function changeText(text: Y.Text, { at, del, ins, attrs, len }: TextChange): void {
  const start = rangeIn(plainText(text), at, Math.max(del, len));
  if (len > 0) {
    text.format(start, len, { ...attrs });
    return;
  }
  const attributes = attrs ?? (del > 0 && ins !== "" ? attributesAt(text, start) : undefined);
  if (del > 0) text.delete(start, del);
  if (ins !== "") text.insert(start, ins, attributes === undefined ? undefined : { ...attributes });
}

/** As `changeText`, for a string that is replaced as a whole. */
export function changedString(string: string, { at, del, ins, attrs }: TextChange): string {
  if (attrs !== undefined)
    throw new EditRefused("wrong-value", "The value is a plain string, which has no formatting.");
  const start = rangeIn(string, at, del);
  return string.slice(0, start) + ins + string.slice(start + del);
}

/** Where a change starts that replaces or formats `length` characters. */
function rangeIn(text: string, at: TextChange["at"], length: number): number {
  const start = typeof at === "number" ? at : onlyOccurrence(text, at.find);
  const end = start + length;
  if (end > text.length) throw new EditRefused("out-of-range", `The text ends at ${text.length}.`);
  if (isInCharacter(text, start) || isInCharacter(text, end)) {
    throw new EditRefused("out-of-range", "The position is between the two halves of a character.");
  }
  return start;
}

function onlyOccurrence(text: string, sought: string): number {
  const first = text.indexOf(sought);
  if (first === -1) throw new EditRefused("text-not-unique", "The text to find does not occur.");
  if (text.indexOf(sought, first + 1) !== -1) {
    throw new EditRefused("text-not-unique", "The text to find occurs more than once. Give more of what surrounds it.");
  }
  return first;
}

function isInCharacter(text: string, position: number): boolean {
  const isLow = (text.charCodeAt(position) & 0xfc00) === 0xdc00;
  return isLow && (text.charCodeAt(position - 1) & 0xfc00) === 0xd800;
}

/** The formatting of the character at a position; undefined for a text without formatting. */
function attributesAt(text: Y.Text, position: number): Readonly<Record<string, unknown>> | undefined {
  if (!isFormatted(text)) return undefined;
  let end = 0;
  for (const { insert, attributes = {} } of deltaOf(text)) {
    end += typeof insert === "string" ? insert.length : 1;
    if (position < end) return attributes;
  }
  return undefined;
}
