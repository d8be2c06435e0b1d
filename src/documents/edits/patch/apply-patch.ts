import * as Y from "yjs";
import { documentJson } from "../content/document-view.ts";
import { EditRefused } from "../content/edit-refused.ts";
import { pointerTo } from "../content/json-pointer.ts";
import { areEqual, toJson } from "../content/json-view.ts";
import { isPlainContainer } from "../content/shared-value.ts";
import type { EditDefaults } from "../content-job.ts";
import { changedString, changeText } from "./change-text.ts";
import { type Container, notFound } from "./container.ts";
import type { PatchOperation, Path, TextChange } from "./patch-operation.ts";
import { PlainEntries, PlainMembers } from "./plain-containers.ts";
import { Roots } from "./roots.ts";
import { ArrayMembers, MapEntries, XmlNodes } from "./shared-containers.ts";

/**
 * Applies the operations in order. `defaults` hold for operations that do not say otherwise. Throws `EditRefused` for the first one that cannot be applied; the document has then
 * changed, and is to be discarded.
 */
export function applyPatch(doc: Y.Doc, operations: readonly PatchOperation[], defaults: EditDefaults): void {
  for (const operation of operations) {
    try {
      apply(doc, operation, defaults);
    } catch (error) {
      if (!(error instanceof EditRefused) || error.pointer !== undefined) throw error;
      throw new EditRefused(error.code, error.message, pointerTo(operation.pointer, "path"));
    }
  }
}

function apply(doc: Y.Doc, operation: PatchOperation, defaults: EditDefaults): void {
  const { op, path, pointer, as = op === "text" ? "text" : defaults.as, nesting = defaults.nesting } = operation;
  const roots = new Roots(doc, as);
  const making = { pointer: pointerTo(pointer, "value"), nesting };
  switch (op) {
    case "add":
    case "replace": {
      const { container, token } = placeIn(roots, path);
      container[op](token, operation.value, making);
      break;
    }
    case "remove": {
      const { container, token } = placeIn(roots, path);
      container.remove(token);
      break;
    }
    case "copy": {
      const { container, token } = placeIn(roots, path);
      container.addCopy(token, copyOf(valueFrom(roots, operation)));
      break;
    }
    case "move":
      move(roots, operation);
      break;
    case "test": {
      const found = path.length === 0 ? documentJson(doc) : toJson(valueAt(roots, path));
      if (!areEqual(found, operation.value)) {
        throw new EditRefused("test-failed", "The value is not equal to that of the test.", pointer);
      }
      break;
    }
    case "text":
      changeTextAt(placeIn(roots, path), operation);
  }
}

function changeTextAt({ container, token }: Place, change: TextChange): void {
  const value = container.get(token);
  if (value instanceof Y.Text) changeText(value, change);
  else if (typeof value === "string") container.put(token, changedString(value, change));
  else throw new EditRefused("wrong-value", "The value is no text.");
}

type Transfer = Extract<PatchOperation, { readonly op: "move" | "copy" }>;

function move(roots: Roots, operation: Transfer): void {
  const { from, path, pointer } = operation;
  if (from.length < path.length && from.every((token, index) => token === path[index])) {
    throw new EditRefused("wrong-value", "A value cannot be moved into itself.", pointerTo(pointer, "path"));
  }
  const copy = copyOf(valueFrom(roots, operation));
  const source = placeIn(roots, from);
  source.container.remove(source.token);
  // Found again: with the removal, indexes and plain values have changed.
  const { container, token } = placeIn(roots, path);
  container.addCopy(token, copy);
}

function valueFrom(roots: Roots, { from, pointer }: Transfer): unknown {
  try {
    return valueAt(roots, from);
  } catch (error) {
    if (!(error instanceof EditRefused)) throw error;
    throw new EditRefused(error.code, error.message, pointerTo(pointer, "from"));
  }
}

interface Place {
  readonly container: Container;
  readonly token: string;
}

function valueAt(roots: Roots, path: Path): unknown {
  const { container, token } = placeIn(roots, path);
  return container.get(token);
}

/** The container in which the last token of a path is. */
function placeIn(roots: Roots, path: Path): Place {
  const token = path.at(-1);
  if (token === undefined) throw new EditRefused("wrong-value", "A document has no value as a whole: name a root.");
  let container: Container = roots;
  for (const step of path.slice(0, -1)) {
    const parent = container;
    const inner = containerOf(parent.get(step), (value) => parent.put(step, value));
    if (inner === undefined) throw notFound();
    container = inner;
  }
  return { container, token };
}

/** The container that a value is; undefined for a value without members. `put` replaces the value in its own container. */
function containerOf(value: unknown, put: (value: unknown) => void): Container | undefined {
  if (value instanceof Y.XmlFragment) return new XmlNodes(value);
  if (value instanceof Y.Map) return new MapEntries(value);
  if (value instanceof Y.Array) return new ArrayMembers(value);
  if (!isPlainContainer(value)) return undefined;
  return isList(value) ? new PlainMembers(value, put) : new PlainEntries(value, put);
}

function isList<T>(value: readonly unknown[] | T): value is readonly unknown[] {
  return Array.isArray(value);
}

/** A copy of a value of the document that can be put into another place. */
function copyOf(value: unknown): unknown {
  if (value instanceof Y.AbstractType) return value.clone();
  if (value instanceof Y.Doc) throw new EditRefused("not-expressible", "A subdocument cannot be copied.");
  return value;
}
