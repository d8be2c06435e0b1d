import type { RowId } from "../../storage/store.ts";
import type { Documents } from "../documents.ts";
import { compressed, type Encoding } from "../encodings.ts";
import type { DocumentApiLimits } from "../limits.ts";
import type { UpdateMerger } from "./update-merger.ts";

/** A whole document as one Yjs update. */
export interface DocumentState {
  readonly sequence: RowId;
  readonly bytes: Uint8Array;
  /** Differs for different bytes of the same document: compactions change them. */
  readonly version: string;
}

interface KeptState {
  readonly document: string;
  readonly sequence: RowId;
  readonly state: Promise<DocumentState>;
  readonly encoded: Map<Encoding, Promise<Uint8Array>>;
  /** The bytes that are counted against the bound; 0 until the state is there. */
  bytes: number;
}

export interface DocumentStatesOptions {
  readonly documents: Pick<Documents, "open">;
  readonly merger: UpdateMerger;
  readonly limits: Pick<DocumentApiLimits, "apiStatesBytes">;
}

/** Each state takes some memory beside its bytes. */
const entryBytes = 500;

/**
 * The encoded states of documents, of which the last ones used are kept: requests for an unchanged document share its
 * merge and its compression.
 */
export class DocumentStates {
  readonly #options: DocumentStatesOptions;
  /** In the order in which they were used, by document and format. */
  readonly #kept = new Map<string, KeptState>();
  #bytes = 0;

  constructor(options: DocumentStatesOptions) {
    this.#options = options;
  }

  /** The state of a document. Rejects as `Documents.read`. */
  async read(document: string, format: 1 | 2): Promise<DocumentState> {
    const key = `${format} ${document}`;
    const lease = await this.#options.documents.open(document);
    try {
      const { room } = lease;
      const found = this.#kept.get(key);
      if (found?.sequence === room.sequence) {
        this.#used(key, found);
        return await found.state;
      }
      const { sequence, updates } = await room.parts();
      const state = this.#options.merger.merge({ updates, format }).then((bytes) => {
        return { sequence, bytes, version: Bun.hash(bytes).toString(36) };
      });
      const kept: KeptState = { document, sequence, state, encoded: new Map(), bytes: 0 };
      this.#used(key, kept);
      return await this.#counted(key, kept);
    } finally {
      lease.release();
    }
  }

  /** The bytes of a state, compressed. */
  async encode(document: string, format: 1 | 2, state: DocumentState, encoding: Encoding): Promise<Uint8Array> {
    const key = `${format} ${document}`;
    const kept = this.#kept.get(key);
    if (kept === undefined || (await kept.state) !== state) return compressed(state.bytes, encoding);
    const known = kept.encoded.get(encoding);
    if (known !== undefined) return known;
    const encoded = compressed(state.bytes, encoding);
    kept.encoded.set(encoding, encoded);
    this.#grow(key, kept, (await encoded).byteLength);
    return encoded;
  }

  /** Forgets the states of a document that was deleted. */
  forget(document: string): void {
    for (const format of [1, 2]) this.#drop(`${format} ${document}`);
  }

  async #counted(key: string, kept: KeptState): Promise<DocumentState> {
    try {
      const state = await kept.state;
      this.#grow(key, kept, entryBytes + 2 * key.length + state.bytes.byteLength);
      return state;
    } catch (error) {
      if (this.#kept.get(key) === kept) this.#drop(key);
      throw error;
    }
  }

  #used(key: string, kept: KeptState): void {
    if (this.#kept.get(key) !== kept) this.#drop(key);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
  }

  #grow(key: string, kept: KeptState, bytes: number): void {
    if (this.#kept.get(key) !== kept) return;
    kept.bytes += bytes;
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#options.limits.apiStatesBytes) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}
