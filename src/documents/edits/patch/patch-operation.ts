import { EditRefused } from "../content/edit-refused.ts";
import { parsePointer, pointerTo } from "../content/json-pointer.ts";
import { isJsonObject, type Json, type JsonObject } from "../content/json-view.ts";
import { type AskedKind, askedKinds } from "../content/root-type.ts";
import type { Nesting } from "../content/shared-value.ts";

/** An operation of RFC 6902, or `text`, which changes a part of a text. */
export type PatchOperation =
  | (Operation<"add" | "replace"> & { readonly value: Json })
  | Operation<"remove">
  | (Operation<"move" | "copy"> & { readonly from: Path })
  | (Operation<"test"> & { readonly value: Json })
  | (Operation<"text"> & TextChange);

interface Operation<Name extends string> {
  readonly op: Name;
  readonly path: Path;
  /** The place of the operation in the body of the request: `/0` for the first. */
  readonly pointer: string;
  /** The type of the root, if the document has no content under it yet. */
  readonly as: AskedKind | undefined;
  /** How new objects and arrays are stored; as those beside them if undefined. */
  readonly nesting: Nesting | undefined;
}

export type Path = readonly string[];

/** Positions and lengths count UTF-16 code units, and an embedded object as one. */
export interface TextChange {
  /** A position, or the text before whose only occurrence the change is. */
  readonly at: number | { readonly find: string };
  /** The length of what is deleted. */
  readonly del: number;
  readonly ins: string;
  /** The formatting of the inserted text, or of `len` units from `at` on. */
  readonly attrs: JsonObject | undefined;
  readonly len: number;
}

/** Reads the body of a patch. Throws `EditRefused`. */
export function parsePatch(body: Json, maxOperations: number): readonly PatchOperation[] {
  if (!Array.isArray(body)) throw malformed("A patch is an array of operations.", "");
  if (body.length > maxOperations) throw malformed(`A patch has at most ${maxOperations} operations.`, "");
  return body.map((operation: Json, index) => parseOperation(operation, `/${index}`));
}

function parseOperation(json: Json, pointer: string): PatchOperation {
  if (!isJsonObject(json)) throw malformed("An operation is an object.", pointer);
  const common = {
    pointer,
    path: pathIn(json, "path", pointer),
    as: choiceIn(json, { key: "as", choices: askedKinds, pointer }),
    nesting: choiceIn(json, { key: "nesting", choices: ["shared", "plain"], pointer }),
  };
  const { op } = json;
  switch (op) {
    case "add":
    case "replace":
    case "test":
      return { ...common, op, value: valueIn(json, pointer) };
    case "remove":
      return { ...common, op };
    case "move":
    case "copy":
      return { ...common, op, from: pathIn(json, "from", pointer) };
    case "text":
      return { ...common, op, ...textChangeIn(json, pointer) };
    default:
      throw malformed("op is none of add, remove, replace, move, copy, test, text.", pointerTo(pointer, "op"));
  }
}

function pathIn(json: JsonObject, key: "path" | "from", pointer: string): Path {
  const path = json[key];
  if (typeof path !== "string") throw malformed(`${key} is not a string.`, pointerTo(pointer, key));
  try {
    return parsePointer(path);
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    throw new EditRefused(error.code, error.message, pointerTo(pointer, key));
  }
}

function valueIn(json: JsonObject, pointer: string): Json {
  if (json["value"] === undefined) throw malformed("The operation has no value.", pointer);
  return json["value"];
}

interface Choice<Name extends string> {
  readonly key: string;
  readonly choices: readonly Name[];
  readonly pointer: string;
}

function choiceIn<Name extends string>(json: JsonObject, { key, choices, pointer }: Choice<Name>): Name | undefined {
  const value = json[key];
  if (value === undefined) return undefined;
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw malformed(`${key} is none of ${choices.join(", ")}.`, pointerTo(pointer, key));
  return chosen;
}

function textChangeIn(json: JsonObject, pointer: string): TextChange {
  const [ins = "", attrs] = [json["ins"], json["attrs"]];
  if (typeof ins !== "string") throw malformed("ins is not a string.", pointerTo(pointer, "ins"));
  if (attrs !== undefined && !isJsonObject(attrs))
    throw malformed("attrs is not an object.", pointerTo(pointer, "attrs"));
  const len = countIn(json, "len", pointer) ?? 0;
  if (len > 0 && (attrs === undefined || ins !== "")) {
    throw malformed("len is for attrs without ins: the length of the text to format.", pointerTo(pointer, "len"));
  }
  const at = positionIn(json, pointer);
  const foundLength = typeof at === "number" || len > 0 ? 0 : at.find.length;
  return { at, del: countIn(json, "del", pointer) ?? foundLength, ins, attrs, len };
}

function positionIn(json: JsonObject, pointer: string): TextChange["at"] {
  const { find } = json;
  const at = countIn(json, "at", pointer);
  if (find === undefined) {
    if (at === undefined) throw malformed("The operation has neither at nor find.", pointer);
    return at;
  }
  if (at !== undefined) throw malformed("The operation has both at and find.", pointerTo(pointer, "at"));
  if (typeof find !== "string" || find === "") throw malformed("find is no text.", pointerTo(pointer, "find"));
  return { find };
}

function countIn(json: JsonObject, key: string, pointer: string): number | undefined {
  const count = json[key];
  if (count === undefined) return undefined;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw malformed(`${key} is no whole number, or below 0.`, pointerTo(pointer, key));
}

function malformed(message: string, pointer: string): EditRefused {
  return new EditRefused("invalid-request", message, pointer);
}
