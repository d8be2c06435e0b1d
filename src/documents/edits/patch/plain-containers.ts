import * as Y from "yjs";
import { EditRefused } from "../content/edit-refused.ts";
import type { Json } from "../content/json-view.ts";
import { createValue } from "../content/shared-value.ts";
import { type Container, insertionIndex, memberIndex, notFound } from "./container.ts";

/** A plain object: each change replaces it as a whole. */
export class PlainEntries implements Container {
  #value: Readonly<Record<string, unknown>>;
  readonly #put: (value: unknown) => void;

  constructor(value: Readonly<Record<string, unknown>>, put: (value: unknown) => void) {
    this.#value = value;
    this.#put = put;
  }

  get(key: string): unknown {
    if (!Object.hasOwn(this.#value, key)) throw notFound();
    return this.#value[key];
  }

  add(key: string, json: Json): void {
    // Checked with its key, which must not be that of the prototype.
    createValue({ [key]: json }, "plain");
    this.put(key, json);
  }

  replace(key: string, json: Json): void {
    this.get(key);
    this.put(key, json);
  }

  addCopy(key: string, copy: unknown): void {
    if (copy instanceof Y.AbstractType) throw sharedInPlain();
    this.put(key, copy);
  }

  put(key: string, value: unknown): void {
    this.#value = { ...this.#value, [key]: value };
    this.#put(this.#value);
  }

  remove(key: string): void {
    this.get(key);
    const { [key]: _, ...rest } = this.#value;
    this.#value = rest;
    this.#put(rest);
  }
}

/** A plain array: each change replaces it as a whole. */
export class PlainMembers implements Container {
  #value: readonly unknown[];
  readonly #put: (value: unknown) => void;

  constructor(value: readonly unknown[], put: (value: unknown) => void) {
    this.#value = value;
    this.#put = put;
  }

  get(token: string): unknown {
    return this.#value[memberIndex(token, this.#value.length)];
  }

  add(token: string, json: Json): void {
    this.#splice(insertionIndex(token, this.#value.length), 0, createValue(json, "plain"));
  }

  replace(token: string, json: Json): void {
    this.put(token, createValue(json, "plain"));
  }

  addCopy(token: string, copy: unknown): void {
    if (copy instanceof Y.AbstractType) throw sharedInPlain();
    this.#splice(insertionIndex(token, this.#value.length), 0, copy);
  }

  put(token: string, value: unknown): void {
    this.#splice(memberIndex(token, this.#value.length), 1, value);
  }

  remove(token: string): void {
    this.#splice(memberIndex(token, this.#value.length), 1);
  }

  #splice(index: number, count: number, ...added: readonly unknown[]): void {
    this.#value = this.#value.toSpliced(index, count, ...added);
    this.#put(this.#value);
  }
}

function sharedInPlain(): EditRefused {
  return new EditRefused("wrong-value", "A shared type cannot be a member of a plain object or array.");
}
