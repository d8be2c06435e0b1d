/** An answer that was made from a document. */
export interface CachedContent {
  readonly document: string;
  /** The sequence of the document that it was made from. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Answers with content of documents, up to a number of bytes; those that were asked for last. */
export class ContentCache {
  readonly #limits: { readonly contentCacheBytes: number };
  readonly #entries = new Map<string, CachedContent>();
  #bytes = 0;

  constructor(limits: { readonly contentCacheBytes: number }) {
    this.#limits = limits;
  }

  /** The answer for a document that has this sequence. */
  find(key: string, sequence: number): CachedContent | undefined {
    const entry = this.#entries.get(key);
    if (entry?.sequence !== sequence) return undefined;
    // Moves it behind all others.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  keep(key: string, entry: CachedContent): void {
    this.#forget(key);
    this.#entries.set(key, entry);
    this.#bytes += sizeOf(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limits.contentCacheBytes) break;
      this.#forget(oldest);
    }
  }

  /** Forgets the answers of a document that was deleted. */
  forget(document: string): void {
    for (const [key, entry] of this.#entries) if (entry.document === document) this.#forget(key);
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
  }
}

/** Each entry takes some memory beside its bytes. */
const entryBytes = 500;

function sizeOf(key: string, { body }: CachedContent): number {
  return entryBytes + 2 * key.length + body.byteLength;
}
