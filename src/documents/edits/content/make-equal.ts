import * as Y from "yjs";
import { EditRefused } from "./edit-refused.ts";
import { pointerTo } from "./json-pointer.ts";
import { areEqual, isJsonObject, type Json, type JsonObject, toJson } from "./json-view.ts";
import type { Root } from "./root-type.ts";
import { createValue, isPlainContainer, type Nesting, nestingIn } from "./shared-value.ts";
import { isFormatted, plainText } from "./text-view.ts";

/** A value that is to be read from now on, and its place in the request. */
export interface Target {
  readonly json: Json;
  /** A JSON Pointer into the body of the request. */
  readonly pointer: string;
  /** How new objects and arrays are stored; as those beside them if undefined. */
  readonly nesting?: Nesting | undefined;
}

/**
 * Changes a root so that it reads as `target`, and changes nothing that reads so already: what others edit inside meanwhile
 * is kept. Throws `EditRefused`.
 */
export function makeRootEqual({ kind, type }: Root, target: Target): void {
  const isEqualized = kind === "xml" ? areEqual(toJson(type), target.json) : isChangedInPlace(type, target);
  if (isEqualized) return;
  if (kind === "xml") throw inexpressible("XML", target);
  const expected = { map: "an object", array: "an array", text: "a string" }[kind];
  throw new EditRefused(
    "root-type-mismatch",
    `The root is of the type ${kind}: ${expected} is needed.`,
    target.pointer,
  );
}

/** The value is to be left as it is. */
export const kept: unique symbol = Symbol("kept");

/**
 * Makes `current`, a member of a container that stores new objects as `nesting`, read as `target`: changes it in place and
 * returns `kept`, or returns the value to put into its place.
 */
export function replacementFor(current: unknown, target: Target, nesting: Nesting): unknown {
  if (isChangedInPlace(current, target)) return kept;
  if (areEqual(toJson(current), target.json)) return kept;
  if (current instanceof Y.XmlText || current instanceof Y.XmlFragment) throw inexpressible("XML", target);
  if (current instanceof Y.Doc) throw inexpressible("a subdocument", target);
  return createValue(target.json, target.nesting ?? (isPlainContainer(current) ? "plain" : nesting));
}

/** Whether `current` is a shared type that can read as `target`, and does now. */
function isChangedInPlace(current: unknown, target: Target): boolean {
  const { json } = target;
  if (current instanceof Y.XmlHook || current instanceof Y.XmlText) return false;
  if (current instanceof Y.Map && isJsonObject(json)) makeMapEqual(current, json, target);
  else if (current instanceof Y.Array && Array.isArray(json)) makeArrayEqual(current, json, target);
  else if (current instanceof Y.Text && typeof json === "string") makeTextEqual(current, json, target);
  else return false;
  return true;
}

function makeMapEqual(map: Y.Map<unknown>, json: JsonObject, { pointer, nesting }: Target): void {
  for (const key of [...map.keys()]) if (!Object.hasOwn(json, key)) map.delete(key);
  const ownNesting = nesting ?? nestingIn(map);
  for (const [key, value] of Object.entries(json)) {
    const target = { json: value, pointer: pointerTo(pointer, key), nesting };
    const replacement = map.has(key)
      ? replacementFor(map.get(key), target, ownNesting)
      : createValue(value, ownNesting);
    if (replacement !== kept) map.set(key, replacement);
  }
}

/**
 * Keeps the members at the start and at the end that are equal. Those between are compared by position, so a member that has
 * moved is written anew.
 */
function makeArrayEqual(array: Y.Array<unknown>, json: readonly Json[], { pointer, nesting }: Target): void {
  const members = array.toArray();
  const views = members.map((member) => toJson(member));
  const ownNesting = nesting ?? nestingIn(array);
  const { start, oldEnd, newEnd } = changedPart(views, json, areEqual);
  const common = Math.min(oldEnd, newEnd);
  for (let index = start; index < common; index += 1) {
    const target = { json: json[index] ?? null, pointer: pointerTo(pointer, index), nesting };
    const replacement = replacementFor(members[index], target, ownNesting);
    if (replacement === kept) continue;
    array.delete(index, 1);
    array.insert(index, [replacement]);
  }
  if (oldEnd > common) array.delete(common, oldEnd - common);
  const added = json.slice(common, newEnd).map((value) => createValue(value, ownNesting));
  if (added.length > 0) array.insert(common, added);
}

/** Replaces the part of a text between the first and the last character that differ. */
function makeTextEqual(text: Y.Text, json: string, target: Target): void {
  const present = plainText(text);
  if (present === json) return;
  if (isFormatted(text)) throw inexpressible("formatted text", target);
  const { start, oldEnd, newEnd } = wholeCharacters(present, json, changedPart(present, json, Object.is));
  if (oldEnd > start) text.delete(start, oldEnd - start);
  if (newEnd > start) text.insert(start, json.slice(start, newEnd));
}

/** The part that differs in two lists: from `start` to `oldEnd` in the old one, to `newEnd` in the new one. */
interface ChangedPart {
  readonly start: number;
  readonly oldEnd: number;
  readonly newEnd: number;
}

function changedPart<T>(
  before: ArrayLike<T>,
  after: ArrayLike<T>,
  isSame: (left: T, right: T) => boolean,
): ChangedPart {
  const isSameAt = (left: number, right: number) => isSame(before[left] as T, after[right] as T);
  const common = Math.min(before.length, after.length);
  let start = 0;
  while (start < common && isSameAt(start, start)) start += 1;
  let [oldEnd, newEnd] = [before.length, after.length];
  while (oldEnd > start && newEnd > start && isSameAt(oldEnd - 1, newEnd - 1)) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  return { start, oldEnd, newEnd };
}

/** Extends a part of two strings to whole characters: Yjs replaces the halves of a surrogate pair. */
function wholeCharacters(before: string, after: string, { start, oldEnd, newEnd }: ChangedPart): ChangedPart {
  const isLow = (text: string, index: number) => (text.charCodeAt(index) & 0xfc00) === 0xdc00;
  const isCut = start > 0 && (isLow(before, start) || isLow(after, start));
  const isEndCut = isLow(before, oldEnd);
  return {
    start: isCut ? start - 1 : start,
    oldEnd: isEndCut ? oldEnd + 1 : oldEnd,
    newEnd: isEndCut ? newEnd + 1 : newEnd,
  };
}

function inexpressible(what: string, { pointer }: Target): EditRefused {
  return new EditRefused("not-expressible", `JSON cannot express a change of ${what}.`, pointer);
}
