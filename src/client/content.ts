import type { ReadOptions, Requests } from "./requests.ts";
import type { WriteOptions, Written } from "./writes.ts";

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The types of roots. An empty document does not show which ones its application uses. */
export type RootKind = "map" | "array" | "text" | "xml";

/** An operation of JSON Patch (RFC 6902), or `text`, which changes a part of a text and leaves the rest as it is. */
export type PatchOperation = PatchNesting &
  (
    | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
    | { readonly op: "remove"; readonly path: string }
    | { readonly op: "move" | "copy"; readonly from: string; readonly path: string }
    | TextOperation
  );

export interface PatchNesting {
  /** The type of a root that has no content yet; `auto` follows the value. */
  readonly as?: RootKind | "auto";
  /** How new objects and arrays are stored. By default as those beside them. */
  readonly nesting?: "shared" | "plain";
}

/** Deletes `del` units at `at`, or the text `find`, and inserts `ins` there. Units are those of UTF-16, as in Yjs. */
export interface TextOperation {
  readonly op: "text";
  readonly path: string;
  readonly at?: number;
  /** A text that is there exactly once; instead of `at`. */
  readonly find?: string;
  readonly del?: number;
  readonly ins?: string;
  /** The formatting of `ins`, or of `len` units from there. */
  readonly attrs?: { readonly [key: string]: Json };
  readonly len?: number;
}

export interface RootOptions extends ReadOptions {
  /** The type of the root, if its content does not show it. */
  readonly as?: RootKind | undefined;
}

export interface EditOptions extends WriteOptions {
  /** The type of a root that has no content yet; `auto` follows the value. */
  readonly as?: RootKind | "auto" | undefined;
  /** How new objects and arrays are stored. By default as those beside them. */
  readonly nesting?: "shared" | "plain" | undefined;
}

/** The content of a document as JSON, text and XML. Edits reach all clients as if a person had made them. */
export class Content {
  readonly #requests: Requests;
  readonly #path: string;

  constructor(path: string, requests: Requests) {
    this.#path = path;
    this.#requests = requests;
  }

  /** An object with a member for each root that has content. */
  json(options: ReadOptions = {}): Promise<Readonly<Record<string, Json>>> {
    return this.#requests.json({ path: `${this.#path}/json`, ...options });
  }

  /** The content of one root. */
  root(root: string, { as, signal }: RootOptions = {}): Promise<Json> {
    return this.#requests.json({ path: `${this.#path}/json/${encodeURIComponent(root)}`, query: { as }, signal });
  }

  /** The characters of a text, or of XML. */
  async text(root: string, { as, signal }: RootOptions = {}): Promise<string> {
    const path = `${this.#path}/text/${encodeURIComponent(root)}`;
    return (await this.#requests.send({ path, query: { as }, signal })).text();
  }

  /** A root of XML. */
  async xml(root: string, options: ReadOptions = {}): Promise<string> {
    const path = `${this.#path}/xml/${encodeURIComponent(root)}`;
    return (await this.#requests.send({ path, ...options })).text();
  }

  /** Does all operations as one update, or none. */
  patch(operations: readonly PatchOperation[], options: EditOptions = {}): Promise<Written> {
    const headers = { "content-type": "application/json-patch+json" };
    return this.#edit({ method: "PATCH", path: `${this.#path}/json`, body: operations, headers }, options);
  }

  /** Makes the roots that `value` names equal to it, and leaves the others as they are. Only what differs is changed. */
  put(value: Readonly<Record<string, Json>>, options: EditOptions = {}): Promise<Written> {
    return this.#edit({ method: "PUT", path: `${this.#path}/json`, body: value }, options);
  }

  /** Makes one root equal to a value. */
  putRoot(root: string, value: Json, options: EditOptions = {}): Promise<Written> {
    return this.#edit({ method: "PUT", path: `${this.#path}/json/${encodeURIComponent(root)}`, body: value }, options);
  }

  #edit(request: Edit, { as, ifSequence, nesting, signal }: EditOptions): Promise<Written> {
    const condition = ifSequence === undefined ? undefined : `"${ifSequence}"`;
    return this.#requests.json({
      ...request,
      headers: { ...request.headers, "if-match": condition },
      query: { as, nesting },
      signal,
    });
  }
}

interface Edit {
  readonly method: "PATCH" | "PUT";
  readonly path: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
