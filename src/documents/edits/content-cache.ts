import { compressed, type Encoding } from "../encodings.ts";

/** An answer that was made from a document. */
export interface Content {
  readonly document: string;
  /** The sequence of the document that it was made from. */
  readonly sequence: number;
  /** Unlike bytes, a `Blob` is not copied for each response that sends it. */
  readonly body: Blob;
}

interface Kept {
  readonly content: Content;
  /** The bytes that are counted against the bound. */
  bytes: number;
}

/** Each answer takes some memory beside its bytes. */
const entryBytes = 500;

/** Answers with content of documents, up to a number of bytes; those that were asked for last. */
export class ContentCache {
  readonly #limits: { readonly contentCacheBytes: number };
  /** In the order in which they were used. */
  readonly #kept = new Map<string, Kept>();
  readonly #encoded = new WeakMap<Content, Map<Encoding, Promise<Blob>>>();
  #bytes = 0;

  constructor(limits: { readonly contentCacheBytes: number }) {
    this.#limits = limits;
  }

  /** The answer for a document that has this sequence. */
  find(key: string, sequence: number): Content | undefined {
    const kept = this.#kept.get(key);
    if (kept?.content.sequence !== sequence) return undefined;
    // Moves it behind all others.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.content;
  }

  keep(key: string, content: Content): void {
    this.#forget(key);
    const kept = { content, bytes: 0 };
    this.#kept.set(key, kept);
    this.#grow(kept, entryBytes + 2 * key.length + content.body.size);
  }

  /** The body of an answer, compressed: once as long as the answer is kept. */
  encode(content: Content, encoding: Encoding): Promise<Blob> {
    const encodings = this.#encoded.get(content) ?? new Map<Encoding, Promise<Blob>>();
    this.#encoded.set(content, encodings);
    const known = encodings.get(encoding);
    if (known !== undefined) return known;
    const encoded = this.#encode(content, encoding);
    encodings.set(encoding, encoded);
    return encoded;
  }

  /** Forgets the answers of a document that was deleted. */
  forget(document: string): void {
    for (const [key, { content }] of this.#kept) if (content.document === document) this.#forget(key);
  }

  async #encode(content: Content, encoding: Encoding): Promise<Blob> {
    const bytes = await compressed(await content.body.bytes(), encoding);
    for (const kept of this.#kept.values()) if (kept.content === content) this.#grow(kept, bytes.byteLength);
    return new Blob([bytes]);
  }

  #grow(kept: Kept, bytes: number): void {
    kept.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#limits.contentCacheBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
