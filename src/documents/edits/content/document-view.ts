import type * as Y from "yjs";
import { type Json, type JsonObject, toJson } from "./json-view.ts";
import { openRoot, rootNames } from "./root-type.ts";

/** The JSON of all roots that have content, by name. Throws `EditRefused`. */
export function documentJson(doc: Y.Doc): JsonObject {
  const entries = rootNames(doc).flatMap((name): [string, Json][] => {
    const root = openRoot(doc, name);
    return root === undefined ? [] : [[name, toJson(root.type)]];
  });
  return Object.fromEntries(entries);
}
