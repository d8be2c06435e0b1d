import { YurtError } from "./errors.ts";
import type { Requests } from "./requests.ts";

/** The facts of a document. Times are in RFC 3339's form. */
export interface DocumentFacts {
  readonly name: string;
  /** The size in the server's store. */
  readonly bytes: number;
  /** The number of updates since the last compaction. */
  readonly updates: number;
  /** Ascends with every update. */
  readonly sequence: number;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly deletedAt: string | null;
}

/** The outcome of a write. */
export interface Written {
  /** The sequence of the document with the update. */
  readonly sequence: number;
  /** False if the document had all of it already. */
  readonly changed: boolean;
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReadUpdateOptions extends ReadOptions {
  /** A state vector (`Y.encodeStateVector`): the update leaves out what its owner has. */
  readonly stateVector?: Uint8Array | undefined;
}

export interface WriteOptions extends ReadOptions {
  /** The sequence that was read: the write fails with the code `precondition-failed` if the document has changed since. */
  readonly ifSequence?: number | undefined;
}

/** One document of a server. Creating this object asks the server nothing. All methods reject with `YurtError`. */
export class Document {
  readonly name: string;
  readonly #requests: Requests;
  readonly #path: string;

  constructor(name: string, requests: Requests) {
    this.name = name;
    this.#requests = requests;
    this.#path = `/docs/${encodeURIComponent(name)}`;
  }

  /** The facts of the document; undefined if there is none, or it is not for the token. */
  async info(options: ReadOptions = {}): Promise<DocumentFacts | undefined> {
    const response = await this.#requests.send({ path: this.#path, expects: [404], ...options });
    if (response.ok) return (await response.json()) as DocumentFacts;
    await response.body?.cancel();
    return undefined;
  }

  /** The document as one Yjs update of format V1, for `Y.applyUpdate`. */
  async readUpdate({ signal, stateVector }: ReadUpdateOptions = {}): Promise<Uint8Array> {
    const query = { sv: stateVector && base64url(stateVector) };
    const response = await this.#requests.send({ path: `${this.#path}/update`, query, signal });
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Merges a Yjs update of format V1 into the document, and creates it if there is none. Stored on disk when it resolves. */
  writeUpdate(update: Uint8Array, options: WriteOptions = {}): Promise<Written> {
    return this.#requests.json({ method: "POST", path: `${this.#path}/update`, body: update, ...conditionOf(options) });
  }

  /** Creates the document with its first update. Returns false if it exists, also if another request creates it now. */
  async create(update: Uint8Array, { signal }: ReadOptions = {}): Promise<boolean> {
    try {
      const headers = { "if-none-match": "*" };
      await this.#requests.send({ method: "PUT", path: `${this.#path}/update`, body: update, headers, signal });
      return true;
    } catch (error) {
      if (error instanceof YurtError && error.code === "precondition-failed") return false;
      throw error;
    }
  }

  /** Deletes the document; its clients are disconnected. `undelete` takes it back. Repeating it changes nothing. */
  async delete(options: ReadOptions = {}): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: this.#path, ...options });
  }

  /** Removes the document for ever, with its history. */
  async purge(options: ReadOptions = {}): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: this.#path, query: { purge: true }, ...options });
  }

  /** Takes the deletion back. */
  undelete(options: ReadOptions = {}): Promise<DocumentFacts> {
    return this.#requests.json({ method: "POST", path: `${this.#path}/undelete`, ...options });
  }
}

function conditionOf({ ifSequence, signal }: WriteOptions) {
  return { headers: { "if-match": ifSequence === undefined ? undefined : `"${ifSequence}"` }, signal };
}

function base64url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
