import * as Y from "yjs";
import { EditRefused } from "./edit-refused.ts";
import { isJsonObject, type Json } from "./json-view.ts";

/**
 * How objects and arrays are stored: as shared types, in which several people can edit different members at once, or as
 * one plain value each, which is replaced as a whole.
 */
export type Nesting = "shared" | "plain";

/** A container of values that users can edit at once. */
export type SharedContainer = Y.Map<unknown> | Y.Array<unknown>;

/** Members that are looked at to find out how a container stores objects. */
const membersLookedAt = 100;

/** A value that can be put into a shared container. Throws `EditRefused`. */
export function createValue(json: Json, nesting: Nesting): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (nesting === "plain") return checked(json);
  if (!isJsonObject(json)) {
    const array = new Y.Array<unknown>();
    array.push(json.map((member) => createValue(member, nesting)));
    return array;
  }
  return new Y.Map(Object.entries(json).map(([key, value]) => [key, createValue(value, nesting)]));
}

/**
 * How a container stores objects and arrays: as its members are stored that it has, and as shared types if it has neither
 * objects nor arrays.
 */
export function nestingIn(container: SharedContainer): Nesting {
  let looked = 0;
  let nesting: Nesting = "shared";
  for (const member of container instanceof Y.Map ? container.values() : container) {
    if (member instanceof Y.AbstractType) return "shared";
    if (isPlainContainer(member)) nesting = "plain";
    looked += 1;
    if (looked === membersLookedAt) break;
  }
  return nesting;
}

/** Whether a value is an object or an array that is replaced as a whole. */
export function isPlainContainer(value: unknown): value is readonly unknown[] | Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  return !(value instanceof Y.AbstractType || value instanceof Y.Doc || value instanceof Uint8Array);
}

/** Clients read an object with `object[key] = value`: this key would set the prototype of the object. */
const forbiddenKey = "__proto__";

function checked(json: Json): Json {
  if (isJsonObject(json)) {
    for (const [key, value] of Object.entries(json)) {
      if (key === forbiddenKey) throw new EditRefused("wrong-value", `A plain object cannot have the key ${key}.`);
      checked(value);
    }
  } else if (Array.isArray(json)) for (const member of json) checked(member);
  return json;
}
