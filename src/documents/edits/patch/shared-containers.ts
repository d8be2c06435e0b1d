import * as Y from "yjs";
import { EditRefused } from "../content/edit-refused.ts";
import type { Json } from "../content/json-view.ts";
import { kept, replacementFor } from "../content/make-equal.ts";
import { createValue, nestingIn } from "../content/shared-value.ts";
import { type Container, insertionIndex, type Making, memberIndex, notFound, targetOf } from "./container.ts";

/** The entries of a shared map. */
export class MapEntries implements Container {
  readonly #map: Y.Map<unknown>;

  constructor(map: Y.Map<unknown>) {
    this.#map = map;
  }

  get(key: string): unknown {
    if (!this.#map.has(key)) throw notFound();
    return this.#map.get(key);
  }

  add(key: string, json: Json, making: Making): void {
    if (this.#map.has(key)) this.replace(key, json, making);
    else this.#map.set(key, createValue(json, making.nesting ?? nestingIn(this.#map)));
  }

  replace(key: string, json: Json, making: Making): void {
    const replacement = replacementFor(this.get(key), targetOf(json, making), nestingIn(this.#map));
    if (replacement !== kept) this.#map.set(key, replacement);
  }

  addCopy(key: string, copy: unknown): void {
    this.#map.set(key, copy);
  }

  put(key: string, value: unknown): void {
    this.#map.set(key, value);
  }

  remove(key: string): void {
    this.get(key);
    this.#map.delete(key);
  }
}

/** The members of a shared array. */
export class ArrayMembers implements Container {
  readonly #array: Y.Array<unknown>;

  constructor(array: Y.Array<unknown>) {
    this.#array = array;
  }

  get(token: string): unknown {
    return this.#array.get(memberIndex(token, this.#array.length));
  }

  add(token: string, json: Json, { nesting }: Making): void {
    this.addCopy(token, createValue(json, nesting ?? nestingIn(this.#array)));
  }

  replace(token: string, json: Json, making: Making): void {
    const replacement = replacementFor(this.get(token), targetOf(json, making), nestingIn(this.#array));
    if (replacement !== kept) this.put(token, replacement);
  }

  addCopy(token: string, copy: unknown): void {
    this.#array.insert(insertionIndex(token, this.#array.length), [copy]);
  }

  put(token: string, value: unknown): void {
    const index = memberIndex(token, this.#array.length);
    this.#array.delete(index, 1);
    this.#array.insert(index, [value]);
  }

  remove(token: string): void {
    this.#array.delete(memberIndex(token, this.#array.length), 1);
  }
}

/** The nodes in a fragment or an element: they can be read and removed. JSON does not express new ones. */
export class XmlNodes implements Container {
  readonly #parent: Y.XmlFragment;

  constructor(parent: Y.XmlFragment) {
    this.#parent = parent;
  }

  get(token: string): unknown {
    return this.#parent.get(memberIndex(token, this.#parent.length));
  }

  add(): void {
    throw new EditRefused("not-expressible", "JSON cannot express a new node of XML.");
  }

  replace(): void {
    this.add();
  }

  addCopy(token: string, copy: unknown): void {
    const isNode = copy instanceof Y.XmlElement || copy instanceof Y.XmlText;
    if (!isNode) throw new EditRefused("wrong-value", "XML contains only elements and texts.");
    this.#parent.insert(insertionIndex(token, this.#parent.length), [copy]);
  }

  put(): void {
    this.add();
  }

  remove(token: string): void {
    this.#parent.delete(memberIndex(token, this.#parent.length), 1);
  }
}
