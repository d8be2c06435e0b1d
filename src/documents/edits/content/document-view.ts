import type * as Y from "yjs";
import { type Json, type JsonObject, toJson } from "./json-view.ts";
import { openRoot, rootNames } from "./root-type.ts";
import { plainText, textOfXml } from "./text-view.ts";

/** The JSON of all roots that have content, by name. Throws `EditRefused`. */
export function documentJson(doc: Y.Doc): JsonObject {
  const entries = rootNames(doc).flatMap((name): [string, Json][] => {
    const root = openRoot(doc, name);
    return root === undefined ? [] : [[name, toJson(root.type)]];
  });
  return Object.fromEntries(entries);
}

/** The characters of all roots that are texts or XML, by name. */
export function documentTexts(doc: Y.Doc): Readonly<Record<string, string>> {
  const entries = rootNames(doc).flatMap((name): [string, string][] => {
    const root = openRoot(doc, name);
    if (root?.kind === "text") return [[name, plainText(root.type)]];
    return root?.kind === "xml" ? [[name, textOfXml(root.type)]] : [];
  });
  return Object.fromEntries(entries);
}
