import * as Y from "yjs";
import { deltaOf } from "./text-view.ts";

/**
 * Writes a fragment, an element or a text as well-formed XML without a declaration. Formatting becomes elements around
 * the text, as `Y.XmlText.toString` writes it; unlike there, characters are escaped.
 *
 * Characters that XML does not allow are written as U+FFFD, in names as underscores. `valueText` writes attributes and
 * embedded objects.
 */
export function toXml(node: Y.XmlFragment | Y.XmlText, valueText: (value: unknown) => string): string {
  const writer = new XmlWriter(valueText);
  writer.write(node);
  return writer.text;
}

class XmlWriter {
  readonly #parts: string[] = [];
  readonly #valueText: (value: unknown) => string;

  constructor(valueText: (value: unknown) => string) {
    this.#valueText = valueText;
  }

  get text(): string {
    return this.#parts.join("");
  }

  write(node: unknown): void {
    if (node instanceof Y.XmlText) this.#writeText(node);
    else if (node instanceof Y.XmlElement) this.#writeElement(node);
    else if (node instanceof Y.XmlFragment) for (const child of node.toArray()) this.write(child);
    else this.#writeTag("embed", { value: node });
  }

  #writeElement(element: Y.XmlElement): void {
    const isEmpty = element.length === 0;
    const name = this.#writeTag(element.nodeName, element.getAttributes(), isEmpty);
    if (isEmpty) return;
    for (const child of element.toArray()) this.write(child);
    this.#parts.push(`</${name}>`);
  }

  #writeText(text: Y.XmlText): void {
    for (const { insert, attributes = {} } of deltaOf(text)) {
      const names = Object.keys(attributes).sort();
      const opened = names.map((name) => this.#writeTag(name, membersOf(attributes[name]), false));
      if (typeof insert === "string") this.#parts.push(escaped(insert));
      else this.write(insert);
      for (const name of opened.reverse()) this.#parts.push(`</${name}>`);
    }
  }

  /** Returns the name as it is written. */
  #writeTag(name: string, attributes: Readonly<Record<string, unknown>>, isEmpty = true): string {
    const written = nameOf(name);
    this.#parts.push(`<${written}`);
    const names = new Set<string>();
    for (const key of Object.keys(attributes).sort()) {
      const attribute = nameOf(key);
      // Two keys may differ in characters that a name cannot have.
      if (names.has(attribute)) continue;
      names.add(attribute);
      this.#parts.push(` ${attribute}="${escaped(this.#valueText(attributes[key]))}"`);
    }
    this.#parts.push(isEmpty ? "/>" : ">");
    return written;
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function nameOf(name: string): string {
  const written = name.replaceAll(/[^\p{L}\p{N}_.-]/gu, "_");
  return /^[\p{L}_]/u.test(written) ? written : `_${written}`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"\r]/g, (character) => entities[character] ?? character)
    .replaceAll(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
