import { Content } from "./content.ts";
import { base64url, fromBase64 } from "./encoding.ts";
import { YurtError } from "./errors.ts";
import { follow } from "./follow.ts";
import { History, type Moment, textOf } from "./history.ts";
import { bodyOf, type ReadOptions, type RepeatOptions, type Requests } from "./requests.ts";
import type { WriteOptions, Written } from "./writes.ts";

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

export interface ReadUpdateOptions extends ReadOptions {
  /** A state vector (`Y.encodeStateVector`): the update leaves out what its owner has. */
  readonly stateVector?: Uint8Array | undefined;
}

/** An event of a document that is followed. */
export interface DocumentEvent {
  /** `ready` is the first event, with the sequence from which updates follow. `awareness` needs `awareness: true`. */
  readonly kind: "ready" | "update" | "awareness";
  /** The sequence of the document; with `awareness` that of the last event before. */
  readonly sequence: number;
  /**
   * The Yjs update; undefined if it is large: read it with `readUpdate` and the state vector that you have. With `awareness`
   * it is an awareness update, for `applyAwarenessUpdate` of y-protocols.
   */
  readonly update: Uint8Array | undefined;
  /** With `ready`: the id of the stream, for `showAwareness`, if awareness is asked for. */
  readonly stream?: string | undefined;
}

export interface FollowOptions extends ReadOptions {
  /** The sequence that the caller has; by default the present one. */
  readonly since?: number | undefined;
  /** Whether the awareness of the clients in the document is sent, too. */
  readonly awareness?: boolean | undefined;
}

export interface ShowOptions extends ReadOptions {
  /** The client id; without it the server chooses one, to be sent from then on. */
  readonly clientId?: number | undefined;
  /** The clock of y-protocols; without it the server counts. */
  readonly clock?: number | undefined;
  /** The stream of a `ready` event: the state stays as long as this is open. Without it, it ends after 30 s unless it is sent again. */
  readonly stream?: string | undefined;
}

export interface ShownAwareness {
  readonly clientId: number;
  readonly clock: number;
  /** When the state ends unless it is sent again, in RFC 3339's form; null while its stream keeps it. */
  readonly endsAt: string | null;
}

export interface ExportOptions extends ReadOptions {
  /** Whether histories and versions are exported as well, with deleted content. */
  readonly history?: boolean | undefined;
}

export interface ForkOptions extends RepeatOptions {
  /** The moment of which the content is copied; by default the present. */
  readonly at?: Moment | undefined;
}

/** The awareness state of one client in a document. */
export interface AwarenessState {
  readonly clientId: number;
  readonly clock: number;
  readonly state: unknown;
}

/** An answer to which all nodes of a cluster contribute. */
interface OfAllNodes {
  /** A node of the cluster has not answered within a second: its part is missing. Undefined for all other answers. */
  readonly partial?: true;
}

export interface Presence extends OfAllNodes {
  readonly items: readonly AwarenessState[];
}

export interface Disconnected extends OfAllNodes {
  /** The number of clients that were disconnected. */
  readonly disconnected: number;
}

/** One document of a server. Creating this object asks the server nothing. All methods reject with `YurtError`. */
export class Document {
  readonly name: string;
  /** Its content as JSON, text and XML. */
  readonly content: Content;
  /** Its earlier states. */
  readonly history: History;
  readonly #requests: Requests;
  readonly #path: string;

  constructor(name: string, requests: Requests) {
    this.name = name;
    this.#requests = requests;
    this.#path = pathOf(name);
    this.content = new Content(this.#path, requests);
    this.history = new History(this.#path, requests);
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

  /**
   * Yields every update of the document, each once, also over a lost connection. Ends when `signal` aborts.
   *
   * Throws `YurtError` with the code `events-lost` if updates that are missing were merged: read the document again then.
   */
  async *follow({ awareness, signal, since }: FollowOptions = {}): AsyncGenerator<DocumentEvent> {
    const request = { path: `${this.#path}/events`, query: { awareness }, lastEventId: since?.toString(), signal };
    let last = since ?? 0;
    for await (const { data, event } of follow(this.#requests, request)) {
      if (event !== "ready" && event !== "update" && event !== "awareness") continue;
      const { sequence = last, stream, update } = JSON.parse(data);
      last = sequence;
      yield { kind: event, sequence, stream, update: update === undefined ? undefined : fromBase64(update) };
    }
  }

  /** The awareness states of the clients in the document. */
  awareness(options: ReadOptions = {}): Promise<Presence> {
    return this.#requests.json({ path: `${this.#path}/awareness`, ...options });
  }

  /** Sets the awareness state of a client without a WebSocket; null removes it. */
  showAwareness(state: object | null, { signal, ...client }: ShowOptions = {}): Promise<ShownAwareness> {
    const path = `${this.#path}/awareness`;
    return this.#requests.json({ method: "POST", path, body: { state, ...client }, signal });
  }

  /** Disconnects the clients of the document, or those of one user; they may return. */
  disconnect(user?: string): Promise<Disconnected> {
    return this.#requests.json({ method: "POST", path: `${this.#path}/disconnect`, body: { user } });
  }

  /**
   * Copies the content, or that of a moment of the history, into a new document. Rejects with the code `document-exists` if
   * there is one of that name.
   */
  fork(to: string, { at, idempotencyKey, signal }: ForkOptions = {}): Promise<Written> {
    const body = { to, at: at === undefined ? undefined : textOf(at) };
    const headers = { "idempotency-key": idempotencyKey };
    return this.#requests.json({ method: "POST", path: `${this.#path}/fork`, headers, body, signal });
  }

  /** The document as lines of JSON, which `YurtClient.import` reads. The last line has `end`. */
  async export({ history, signal }: ExportOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#requests.send({ path: `${this.#path}/export`, query: { history }, signal }));
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

/** Throws `RangeError` for a name that no document has, and that would change the path of the request. */
function pathOf(name: string): string {
  // URLs resolve the segments `.` and `..`, also if they are percent-encoded.
  if (["", ".", ".."].includes(name)) throw new RangeError(`No document can have the name "${name}".`);
  return `/docs/${encodeURIComponent(name)}`;
}

function conditionOf({ ifSequence, signal }: WriteOptions) {
  return { headers: { "if-match": ifSequence === undefined ? undefined : `"${ifSequence}"` }, signal };
}
