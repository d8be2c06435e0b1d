import type { Json } from "../../../../client/content.ts";
import type { Document } from "../../../../client/document.ts";
import { YurtError } from "../../../../client/errors.ts";

/** A root of a document. In JSON, XML looks like a text. */
export type ShownRoot =
  | { readonly name: string; readonly kind: "text" | "xml"; readonly value: string }
  | { readonly name: string; readonly kind: "values"; readonly value: Json };

/** The roots whose kind is asked for: each takes a request. */
const mostAsked = 20;

/** Reads the content of a document, and which of its texts are XML. It remembers the kinds, which stay. */
export class ContentReader {
  readonly #document: Document;
  readonly #kinds = new Map<string, "text" | "xml">();

  constructor(document: Document) {
    this.#document = document;
  }

  /** Rejects with `YurtError`. */
  async read(signal: AbortSignal): Promise<readonly ShownRoot[]> {
    const roots = Object.entries(await this.#document.content.json({ signal }));
    return Promise.all(roots.map(([name, value]) => this.#shown(name, value, signal)));
  }

  async #shown(name: string, value: Json, signal: AbortSignal): Promise<ShownRoot> {
    if (typeof value !== "string") return { name, kind: "values", value };
    return { name, kind: await this.#kindOf(name, value, signal), value };
  }

  async #kindOf(name: string, value: string, signal: AbortSignal): Promise<"text" | "xml"> {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    // XML without elements reads as its text.
    if (!value.includes("<") || this.#kinds.size >= mostAsked) return "text";
    const kind = await this.#askKind(name, value, signal);
    this.#kinds.set(name, kind);
    return kind;
  }

  async #askKind(name: string, value: string, signal: AbortSignal): Promise<"text" | "xml"> {
    const { content } = this.#document;
    // The text of XML has no tags. Another text may have changed meanwhile.
    if ((await content.text(name, { signal })) === value) return "text";
    try {
      await content.xml(name, { signal });
      return "xml";
    } catch (error) {
      if (error instanceof YurtError && error.status < 500 && error.status !== 429) return "text";
      throw error;
    }
  }
}
