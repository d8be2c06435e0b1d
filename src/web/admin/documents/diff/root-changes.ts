import type { Json } from "../../../../client/content.ts";
import { linesOfXml } from "../text/xml-lines.ts";
import { countChanges } from "./folded.ts";
import { changesOfJson, type JsonChanges } from "./json-changes.ts";
import { diffTexts, type TextChange } from "./text-diff.ts";

/** The content of a document by root, as JSON. */
export type Roots = Readonly<Record<string, Json>>;

/** The difference of one root. */
export type RootChange =
  | { readonly root: string; readonly kind: "text"; readonly changes: readonly TextChange[] }
  | { readonly root: string; readonly kind: "values"; readonly changes: JsonChanges };

export interface ChangesOfRoots {
  readonly changed: readonly RootChange[];
  readonly unchanged: readonly string[];
}

/** Compares two states of a document, root by root. */
export function changesOfRoots(before: Roots, after: Roots): ChangesOfRoots {
  const changed: RootChange[] = [];
  const unchanged: string[] = [];
  for (const root of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    const change = changeOf(root, ownRoot(before, root), ownRoot(after, root));
    if (change === undefined) unchanged.push(root);
    else changed.push(change);
  }
  return { changed, unchanged };
}

function ownRoot(roots: Roots, root: string): Json | undefined {
  return Object.hasOwn(roots, root) ? roots[root] : undefined;
}

function changeOf(root: string, before: Json | undefined, after: Json | undefined): RootChange | undefined {
  if (isText(before) && isText(after)) {
    if (before === after) return undefined;
    return { root, kind: "text", changes: diffTexts(linesOf(before), linesOf(after)) };
  }
  const changes = changesOfJson(before, after);
  return changes.changes.length === 0 ? undefined : { root, kind: "values", changes };
}

/** A root without content is not in the JSON. */
function isText(value: Json | undefined): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function linesOf(value: string | undefined): string {
  return value?.startsWith("<") === true ? linesOfXml(value) : (value ?? "");
}

const counts = new Intl.NumberFormat("en");

/** The difference in a few words: `34 characters inserted, 1 character deleted`. */
export function summaryOf(change: RootChange): string {
  if (change.kind === "values") {
    const { changes, isCut } = change.changes;
    return `${isCut ? "more than " : ""}${counted(changes.length, "value")} changed`;
  }
  const { added, removed } = countChanges(change.changes);
  const parts = [
    ...(added > 0 ? [`${counted(added, "character")} inserted`] : []),
    ...(removed > 0 ? [`${counted(removed, "character")} deleted`] : []),
  ];
  return parts.join(", ");
}

function counted(count: number, noun: string): string {
  return `${counts.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}
