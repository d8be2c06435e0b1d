import { EditRefused } from "../content/edit-refused.ts";
import { indexOf } from "../content/json-pointer.ts";
import type { Json } from "../content/json-view.ts";
import type { Target } from "../content/make-equal.ts";
import type { Nesting } from "../content/shared-value.ts";

/** The part of an operation that concerns the values that it makes. */
export interface Making {
  /** A JSON Pointer to the value in the body of the request. */
  readonly pointer: string;
  readonly nesting: Nesting | undefined;
}

/**
 * A container of values, for the operations of a patch. A token is a key, an index, or `-` for the place behind the last
 * member of an array. All methods throw `EditRefused`.
 */
export interface Container {
  /** The value of a token. Throws if there is none. */
  get(token: string): unknown;
  /** Sets a key, or inserts before an index. A key that exists reads as the value from now on, as with `replace`. */
  add(token: string, json: Json, making: Making): void;
  /** Makes a member that exists read as the value; changes it in place if it can. */
  replace(token: string, json: Json, making: Making): void;
  /** As `add`, for a copy of a value of the document. */
  addCopy(token: string, copy: unknown): void;
  /** Puts a plain value into the place of a member that exists. */
  put(token: string, value: unknown): void;
  remove(token: string): void;
}

/** The index of a member of a list. */
export function memberIndex(token: string, length: number): number {
  const index = indexOf(token);
  if (index === undefined || index >= length) throw notFound();
  return index;
}

/** The index before which a member is inserted into a list. */
export function insertionIndex(token: string, length: number): number {
  const index = token === "-" ? length : indexOf(token);
  if (index === undefined) throw notFound();
  if (index > length) throw new EditRefused("out-of-range", "The index is behind the end of the array.");
  return index;
}

export function targetOf(json: Json, { pointer, nesting }: Making): Target {
  return { json, pointer, nesting };
}

export function notFound(): EditRefused {
  return new EditRefused("path-not-found", "The path leads to nothing.");
}
