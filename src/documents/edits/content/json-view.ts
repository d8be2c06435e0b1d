import * as Y from "yjs";
import { deepestNesting } from "../../../relay/update/strict-json.ts";
import { EditRefused } from "./edit-refused.ts";
import { plainText } from "./text-view.ts";
import { toXml } from "./xml-view.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * The JSON that stands for a value of a document. Texts are strings without their formatting, XML is a string of XML, bytes
 * are in Base64, a subdocument is an object with its `guid`; numbers that JSON lacks are null, big integers strings.
 *
 * Throws `EditRefused` for a value that nests too deep.
 */
export function toJson(value: unknown, depth = 0): Json {
  if (depth > deepestNesting) throw new EditRefused("document-too-complex", "The content nests too deep.");
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return value.toString();
    case "object":
      return value === null ? null : objectToJson(value, depth + 1);
    default:
      return null;
  }
}

function objectToJson(value: object, depth: number): Json {
  if (value instanceof Y.XmlText || value instanceof Y.XmlFragment) return toXml(value, textOf);
  if (value instanceof Y.Text) return plainText(value);
  if (value instanceof Y.Map) return entriesToJson(value.entries(), depth);
  if (value instanceof Y.Array) return value.toArray().map((member) => toJson(member, depth));
  if (value instanceof Y.Doc) return { guid: value.guid };
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map((member) => toJson(member, depth));
  return entriesToJson(Object.entries(value), depth);
}

/** The text for a value in XML. */
function textOf(value: unknown): string {
  const json = toJson(value);
  return typeof json === "string" ? json : JSON.stringify(json);
}

function entriesToJson(entries: Iterable<[string, unknown]>, depth: number): JsonObject {
  return Object.fromEntries(Array.from(entries, ([key, value]) => [key, toJson(value, depth)]));
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two values are equal as RFC 6902 §4.6 defines it. */
export function areEqual(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!(Array.isArray(left) && Array.isArray(right)) || left.length !== right.length) return false;
    return left.every((member, index) => areEqual(member, right[index]));
  }
  if (!(isJsonObject(left) && isJsonObject(right))) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && areEqual(left[key] ?? null, right[key] ?? null));
}
