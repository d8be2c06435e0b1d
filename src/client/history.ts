import type { Json } from "./content.ts";
import type { ReadOptions, Requests } from "./requests.ts";
import type { WriteOptions, Written } from "./writes.ts";

/** A moment: a sequence, a time, or the id of a version. */
export type Moment = number | Date | string;

/** A label for a state of the document. */
export interface Version {
  readonly id: string;
  readonly sequence: number;
  readonly at: string | null;
  readonly name: string | null;
  /** Whether the server has made it. */
  readonly automatic: boolean;
  /** The users who have changed the document since the version before. */
  readonly users: readonly string[];
  readonly createdBy: string | null;
}

/** A time in which the document was changed without a long pause. */
export interface Activity {
  readonly from: string;
  readonly to: string;
  readonly firstSequence: number;
  readonly sequence: number;
  readonly users: readonly string[];
  /** The numbers of characters and other elements. */
  readonly inserted: number;
  readonly deleted: number;
}

/** A part of a text, with the user whose client has sent it to the server first. */
export interface TextPart {
  readonly text: string;
  readonly user: string | null;
  readonly at: string | null;
}

export interface DiffPart extends TextPart {
  readonly kind: "same" | "added" | "removed";
}

/** The content of a document at two moments, with a member for each root. */
export interface Comparison {
  readonly from: Readonly<Record<string, Json>>;
  readonly to: Readonly<Record<string, Json>>;
}

export interface ActivityOptions extends ReadOptions {
  /** One day before `to` by default. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** The user whose changes are listed. */
  readonly by?: string | undefined;
  /** The pause that ends an activity. 60 by default. */
  readonly gapSeconds?: number | undefined;
}

/** The history of a document. It needs a token or key that may write. */
export class History {
  readonly #requests: Requests;
  readonly #path: string;

  constructor(path: string, requests: Requests) {
    this.#path = path;
    this.#requests = requests;
  }

  /** The document at a moment, as one Yjs update of format V1. */
  async readUpdate(moment: Moment, options: ReadOptions = {}): Promise<Uint8Array> {
    const response = await this.#requests.send({ path: `${this.#at(moment)}/update`, ...options });
    return new Uint8Array(await response.arrayBuffer());
  }

  /** The document at a moment, with a member for each root. */
  json(moment: Moment, options: ReadOptions = {}): Promise<Readonly<Record<string, Json>>> {
    return this.#requests.json({ path: `${this.#at(moment)}/json`, ...options });
  }

  async text(moment: Moment, root: string, options: ReadOptions = {}): Promise<string> {
    const path = `${this.#at(moment)}/text/${encodeURIComponent(root)}`;
    return (await this.#requests.send({ path, ...options })).text();
  }

  /** A root of XML at a moment. */
  async xml(moment: Moment, root: string, options: ReadOptions = {}): Promise<string> {
    const path = `${this.#at(moment)}/xml/${encodeURIComponent(root)}`;
    return (await this.#requests.send({ path, ...options })).text();
  }

  /** The parts of a text that stay, were added and were removed between two moments; by default until the present. */
  diff(root: string, from: Moment, to?: Moment, options: ReadOptions = {}): Promise<readonly DiffPart[]> {
    const query = { root, from: textOf(from), to: to === undefined ? undefined : textOf(to) };
    return this.#requests.json({ path: `${this.#path}/diff`, query, ...options });
  }

  /** The content at two moments; by default of the second one the present. */
  compare(from: Moment, to?: Moment, options: ReadOptions = {}): Promise<Comparison> {
    const query = { from: textOf(from), to: to === undefined ? undefined : textOf(to) };
    return this.#requests.json({ path: `${this.#path}/diff`, query, ...options });
  }

  /** Returns the parts of a text with the users who wrote them. */
  blame(root: string, options: ReadOptions = {}): Promise<readonly TextPart[]> {
    return this.#requests.json({ path: `${this.#path}/blame/${encodeURIComponent(root)}`, ...options });
  }

  /** The times in which the document was changed. */
  activity({ by, from, gapSeconds, signal, to }: ActivityOptions = {}): Promise<readonly Activity[]> {
    const query = { by, from: from?.toISOString(), to: to?.toISOString(), gap: gapSeconds };
    return this.#requests.json({ path: `${this.#path}/activity`, query, signal });
  }

  /** The versions, the newest first. */
  async *versions({ signal }: ReadOptions = {}): AsyncGenerator<Version> {
    let before: string | undefined;
    do {
      const query = { before, limit: 500 };
      const page: { readonly items: readonly Version[]; readonly next: string | null } = await this.#requests.json({
        path: `${this.#path}/versions`,
        query,
        signal,
      });
      yield* page.items;
      before = page.next ?? undefined;
    } while (before !== undefined);
  }

  /** Names the present state. */
  nameVersion(name: string): Promise<Version> {
    return this.#requests.json({ method: "POST", path: `${this.#path}/versions`, body: { name } });
  }

  /** Gives a version another name; null takes that of an automatic one away. */
  renameVersion(id: string, name: string | null): Promise<Version> {
    return this.#requests.json({ method: "PATCH", path: this.#version(id), body: { name } });
  }

  /** Deletes a version; the history that it names stays. */
  async deleteVersion(id: string): Promise<void> {
    await this.#requests.send({ method: "DELETE", path: this.#version(id) });
  }

  /** Makes the document as it was, by an edit. The state before becomes a version. */
  restore(moment: Moment, { ifSequence, signal }: WriteOptions = {}): Promise<Written> {
    const headers = { "if-match": ifSequence === undefined ? undefined : `"${ifSequence}"` };
    const body = { at: textOf(moment) };
    return this.#requests.json({ method: "POST", path: `${this.#path}/restore`, body, headers, signal });
  }

  /** Whether restoring a moment would change the document, and the bytes of the edit. */
  tryRestore(
    moment: Moment,
    options: ReadOptions = {},
  ): Promise<{ readonly changed: boolean; readonly bytes: number }> {
    const body = { at: textOf(moment), dryRun: true };
    return this.#requests.json({ method: "POST", path: `${this.#path}/restore`, body, ...options });
  }

  /** Erases the history, or what is older than `before`. The document stays as it is; deleted content is gone. */
  async erase(before?: Date): Promise<void> {
    const query = { before: before?.toISOString() };
    await this.#requests.send({ method: "DELETE", path: `${this.#path}/history`, query });
  }

  #at(moment: Moment): string {
    return `${this.#path}/at/${encodeURIComponent(textOf(moment))}`;
  }

  #version(id: string): string {
    return `${this.#path}/versions/${encodeURIComponent(id)}`;
  }
}

/** A moment as a parameter of the API. */
export function textOf(moment: Moment): string {
  return moment instanceof Date ? moment.toISOString() : String(moment);
}
