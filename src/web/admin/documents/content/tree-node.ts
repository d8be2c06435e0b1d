import type { Json } from "../../../../client/content.ts";
import { formatCounted } from "../../parts/formats.ts";
import { cutText } from "../text/cut-text.ts";

/** A node of the tree that shows the content of a document. */
export interface TreeNode {
  /** The name of the member, the index in the array, or an element's tag. */
  readonly label: string;
  /** The type, for people. */
  readonly type: string;
  /** The value of a node without children, or the number of them. */
  readonly summary: string;
  /** The characters of a value that `summary` leaves out. */
  readonly omitted: number;
  readonly childCount: number;
  /** The children from one index to another, which are made only when they are shown. */
  readonly children: (from: number, to: number) => readonly TreeNode[];
}

/** The characters of a text that the tree shows. */
const mostCharacters = 300;

/** The node of a value of JSON. */
export function jsonNode(label: string, value: Json): TreeNode {
  if (Array.isArray(value)) {
    return parentNode(label, "array", {
      count: value.length,
      noun: "item",
      children: (from, to) => value.slice(from, to).map((member, index) => jsonNode(String(from + index), member)),
    });
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    return parentNode(label, "map", {
      count: entries.length,
      noun: "member",
      children: (from, to) => entries.slice(from, to).map(([key, member]) => jsonNode(key, member)),
    });
  }
  if (typeof value === "string") return textNode(label, "text", value);
  return leafNode(label, value === null ? "null" : typeof value, String(value));
}

/** A node with the beginning of a text. */
export function textNode(label: string, type: string, value: string): TreeNode {
  const { omitted, text } = cutText(value, mostCharacters);
  return { ...leafNode(label, type, JSON.stringify(text)), omitted };
}

function leafNode(label: string, type: string, summary: string): TreeNode {
  return { label, type, summary, omitted: 0, childCount: 0, children: () => [] };
}

export interface Children extends Pick<TreeNode, "children"> {
  readonly count: number;
  /** The word for one child. */
  readonly noun: string;
}

export function parentNode(label: string, type: string, { children, count, noun }: Children): TreeNode {
  const summary = count === 0 ? "empty" : formatCounted(count, noun);
  return { label, type, summary, omitted: 0, childCount: count, children };
}
