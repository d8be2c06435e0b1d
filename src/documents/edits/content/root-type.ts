import * as Y from "yjs";
import { EditRefused } from "./edit-refused.ts";
import { isJsonObject, type Json } from "./json-view.ts";

/** The shared type of a root, as applications open it: `getMap`, `getArray`, `getText`, `getXmlFragment`. */
export type RootKind = "map" | "array" | "text" | "xml";

/** The type that a request names for a root without content; `auto` is that which the JSON value has. */
export type AskedKind = RootKind | "auto";

export const rootKinds = ["map", "array", "text", "xml"] as const satisfies readonly RootKind[];

export const askedKinds = [...rootKinds, "auto"] as const satisfies readonly AskedKind[];

export type Root =
  | { readonly kind: "map"; readonly type: Y.Map<unknown> }
  | { readonly kind: "array"; readonly type: Y.Array<unknown> }
  | { readonly kind: "text"; readonly type: Y.Text }
  | { readonly kind: "xml"; readonly type: Y.XmlFragment };

/** The type of a root that JSON shows: of a string a text. Undefined for other values, which are no root. */
export function kindOfJson(json: Json): RootKind | undefined {
  if (typeof json === "string") return "text";
  if (Array.isArray(json)) return "array";
  return isJsonObject(json) ? "map" : undefined;
}

/** The names of the roots of a document that has been loaded, in the order of their code units. */
export function rootNames(doc: Y.Doc): readonly string[] {
  return [...doc.share.keys()].sort();
}

/**
 * Opens a root as the type that its content shows: an update does not say which type a root has. A root without content is
 * opened as `asked`.
 *
 * Undefined for a root without content if `asked` is undefined. Throws `EditRefused` if the content is not of the type
 * `asked`.
 */
export function openRoot(doc: Y.Doc, name: string, asked?: RootKind): Root | undefined {
  const held = doc.share.get(name);
  const features = held === undefined ? noFeatures : featuresOf(held);
  if (asked !== undefined && !isPossible(features, asked)) {
    throw new EditRefused("root-type-mismatch", `The root ${name} has content of another type: ${kindOf(features)}.`);
  }
  const kind = asked ?? kindOf(features);
  return kind === undefined ? undefined : openAs(doc, name, kind);
}

function openAs(doc: Y.Doc, name: string, kind: RootKind): Root {
  switch (kind) {
    case "map":
      return { kind, type: doc.getMap(name) };
    case "array":
      return { kind, type: doc.getArray(name) };
    case "text":
      return { kind, type: doc.getText(name) };
    case "xml":
      return { kind, type: doc.getXmlFragment(name) };
  }
}

/** The content of a root that is not deleted, as far as it tells the root's type. */
interface Features {
  readonly hasEntries: boolean;
  /** Characters, formatting or embedded objects, which only texts have. */
  readonly hasText: boolean;
  /** Elements, texts or hooks of XML. */
  readonly hasXml: boolean;
  /** Other members of a list. */
  readonly hasValues: boolean;
}

const noFeatures: Features = { hasEntries: false, hasText: false, hasXml: false, hasValues: false };

function featuresOf(root: NonNullable<ReturnType<Y.Doc["share"]["get"]>>): Features {
  const features = { ...noFeatures, hasEntries: root._map.values().some(({ deleted }) => !deleted) };
  for (let item = root._start; item !== null && !features.hasText; item = item.right) {
    if (item.deleted) continue;
    const { content } = item;
    if (isOfText(content)) features.hasText = true;
    else if (isXml(content)) features.hasXml = true;
    else features.hasValues = true;
  }
  return features;
}

function isOfText(content: Y.Item["content"]): boolean {
  return content instanceof Y.ContentString || content instanceof Y.ContentFormat || content instanceof Y.ContentEmbed;
}

function isXml(content: Y.Item["content"]): boolean {
  if (!(content instanceof Y.ContentType)) return false;
  const { type } = content;
  return type instanceof Y.XmlElement || type instanceof Y.XmlText || type instanceof Y.XmlHook;
}

function kindOf({ hasEntries, hasText, hasXml, hasValues }: Features): RootKind | undefined {
  if (hasText) return "text";
  if (hasXml && !hasValues) return "xml";
  if (hasXml || hasValues) return "array";
  return hasEntries ? "map" : undefined;
}

/** A text embeds shared types as a list has them. Texts and lists may have entries as well, as attributes. */
function isPossible(features: Features, kind: RootKind): boolean {
  const { hasText, hasXml, hasValues } = features;
  switch (kind) {
    case "map":
      return !(hasText || hasXml || hasValues);
    case "array":
      return !hasText && kindOf(features) !== "map";
    case "xml":
      return !(hasText || hasValues) && kindOf(features) !== "map";
    case "text":
      return kindOf(features) !== "map";
  }
}
