import type * as Y from "yjs";

/**
 * The root types that the page reads. Yjs does not store the type of a root, so another program may have written content
 * of every type to each of them.
 */
export const rootNames = { text: "text", strokes: "strokes", counter: "counter" } as const;

export function textOf(doc: Y.Doc): Y.Text {
  return doc.getText(rootNames.text);
}

/** The finished strokes, from the lowest to the topmost. */
export function strokesOf(doc: Y.Doc): Y.Array<unknown> {
  return doc.getArray<unknown>(rootNames.strokes);
}

/** The clicks of each window, by its client id. */
export function countsOf(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap<unknown>(rootNames.counter);
}

/** The content of a shared type: a list of items, and items with a name. Every type has both. */
type Content = Pick<Y.AbstractType<never>, "_start" | "_map">;

/** True when another program has written list content, as a text or an array has, to a root that is read as a map. */
export function hasListContent(type: Content): boolean {
  for (const { countable } of listItems(type)) if (countable) return true;
  return false;
}

/** True when another program has written named values, as a map has, to a root that is read as a list or text. */
export function hasNamedValues(type: Content): boolean {
  for (const { deleted } of type._map.values()) if (!deleted) return true;
  return false;
}

/** The items of a text or an array, without the deleted ones. */
export function* listItems(type: Content): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) yield item;
}
