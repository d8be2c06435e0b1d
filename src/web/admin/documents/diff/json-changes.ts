import type { Json } from "../../../../client/content.ts";
import { editScript } from "./edit-script.ts";

/** A difference of two values of JSON at one path. */
export interface JsonChange {
  /** The keys and indices that lead to the value: of a removed one those before, of the others those after. */
  readonly path: readonly (string | number)[];
  /** Undefined for a value that was added. */
  readonly before: Json | undefined;
  /** Undefined for a value that was removed. */
  readonly after: Json | undefined;
}

export interface JsonChanges {
  readonly changes: readonly JsonChange[];
  /** Whether there are more. */
  readonly isCut: boolean;
}

type Path = JsonChange["path"];
type JsonObject = { readonly [key: string]: Json };

/** Longer arrays, and those with more differences, are compared by position. */
const mostEdits = 200;

/** The differences of two values, at most `most`. */
export function changesOfJson(before: Json | undefined, after: Json | undefined, most = 200): JsonChanges {
  const changes: JsonChange[] = [];
  for (const change of differences([], before, after)) {
    if (changes.length === most) return { changes, isCut: true };
    changes.push(change);
  }
  return { changes, isCut: false };
}

function* differences(path: Path, before: Json | undefined, after: Json | undefined): Generator<JsonChange> {
  if (isArray(before) && isArray(after)) yield* arrayDifferences(path, before, after);
  else if (isObject(before) && isObject(after)) yield* objectDifferences(path, before, after);
  else if (before !== after) yield { path, before, after };
}

function* objectDifferences(path: Path, before: JsonObject, after: JsonObject): Generator<JsonChange> {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* differences([...path, key], ownMember(before, key), ownMember(after, key));
  }
}

function ownMember(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function* arrayDifferences(path: Path, before: readonly Json[], after: readonly Json[]): Generator<JsonChange> {
  const edits = editScript(before.map(textOf), after.map(textOf), mostEdits);
  if (edits === undefined) {
    yield* replaced(path, { before, after, oldIndex: 0, index: 0 });
    return;
  }
  let [oldIndex, index] = [0, 0];
  for (let at = 0; at < edits.length; ) {
    if (edits[at] === "same") {
      at += 1;
      oldIndex += 1;
      index += 1;
      continue;
    }
    const end = endOfHunk(edits, at);
    const removed = edits.slice(at, end).filter((edit) => edit === "removed").length;
    const added = end - at - removed;
    const hunk = { before: before.slice(oldIndex, oldIndex + removed), after: after.slice(index, index + added) };
    yield* replaced(path, { ...hunk, oldIndex, index });
    oldIndex += removed;
    index += added;
    at = end;
  }
}

interface Hunk {
  readonly before: readonly Json[];
  readonly after: readonly Json[];
  /** The places of the first ones in the arrays. */
  readonly oldIndex: number;
  readonly index: number;
}

/** Members at the same place of a hunk are taken for one that has changed. */
function* replaced(path: Path, { after, before, index, oldIndex }: Hunk): Generator<JsonChange> {
  const common = Math.min(before.length, after.length);
  for (let at = 0; at < common; at += 1) yield* differences([...path, index + at], before[at], after[at]);
  for (let at = common; at < before.length; at += 1) {
    yield { path: [...path, oldIndex + at], before: before[at], after: undefined };
  }
  for (let at = common; at < after.length; at += 1) {
    yield { path: [...path, index + at], before: undefined, after: after[at] };
  }
}

function endOfHunk(edits: readonly string[], start: number): number {
  const end = edits.indexOf("same", start);
  return end === -1 ? edits.length : end;
}

function textOf(value: Json): string {
  return JSON.stringify(value);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
