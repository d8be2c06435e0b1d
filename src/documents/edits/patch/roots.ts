import type * as Y from "yjs";
import { EditRefused } from "../content/edit-refused.ts";
import type { Json } from "../content/json-view.ts";
import { makeRootEqual } from "../content/make-equal.ts";
import { type AskedKind, kindOfJson, openRoot, type Root } from "../content/root-type.ts";
import { type Container, type Making, targetOf } from "./container.ts";

/** The roots of a document, for one operation. */
export class Roots implements Container {
  readonly #doc: Y.Doc;
  readonly #as: AskedKind | undefined;

  /** A root without content is of the type `as`. */
  constructor(doc: Y.Doc, as: AskedKind | undefined) {
    this.#doc = doc;
    this.#as = as;
  }

  get(name: string): Root["type"] {
    return this.#open(name).type;
  }

  add(name: string, json: Json, making: Making): void {
    makeRootEqual(this.#open(name, json), targetOf(json, making));
  }

  replace(name: string, json: Json, making: Making): void {
    this.add(name, json, making);
  }

  addCopy(): void {
    throw new EditRefused("not-expressible", "A root cannot be the place of a copy or a move.");
  }

  put(): void {
    throw new EditRefused("not-expressible", "A root cannot be replaced.");
  }

  remove(name: string): void {
    const { kind, type } = this.#open(name);
    if (kind === "map") type.clear();
    else type.delete(0, type.length);
  }

  #open(name: string, json?: Json): Root {
    const asked = this.#as === "auto" ? (json === undefined ? undefined : kindOfJson(json)) : this.#as;
    const root = openRoot(this.#doc, name) ?? openRoot(this.#doc, name, asked);
    if (root === undefined) throw unknownType(name);
    return root;
  }
}

/** The refusal of an operation on a root that might be of any type. */
export function unknownType(name: string, pointer?: string): EditRefused {
  const reason = `The document has no content under ${name}, so the type of this root is not known.`;
  return new EditRefused("root-type-unknown", `${reason} Name it with as: map, array, text.`, pointer);
}
