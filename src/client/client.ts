import { Document, type DocumentFacts } from "./document.ts";
import { type ReadOptions, Requests, type RequestsOptions } from "./requests.ts";

export interface ListOptions extends ReadOptions {
  /** The names begin with this text. */
  readonly prefix?: string | undefined;
  /** Whether the deleted documents are listed instead; needs the scope docs:admin. */
  readonly deleted?: boolean | undefined;
}

export interface PageOptions extends ListOptions {
  /** The most documents in the page: 1 to 500. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

export interface DocumentPage {
  readonly items: readonly DocumentFacts[];
  /** Null on the last page. */
  readonly next: string | null;
}

const pageSize = 500;

/** The document API of a Yurt server. All methods reject with `YurtError`, or with the error of `fetch`. */
export class YurtClient {
  readonly #requests: Requests;

  constructor(options: RequestsOptions) {
    this.#requests = new Requests(options);
  }

  /** One document, whether it exists or not. */
  document(name: string): Document {
    return new Document(name, this.#requests);
  }

  /** All documents that the token may see, in the order of their names. */
  async *documents(options: ListOptions = {}): AsyncGenerator<DocumentFacts> {
    let after: string | undefined;
    do {
      const page = await this.page({ ...options, limit: pageSize, after });
      yield* page.items;
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  /** One page of the documents. */
  page({ after, deleted, limit, prefix, signal }: PageOptions = {}): Promise<DocumentPage> {
    return this.#requests.json({ path: "/docs", query: { prefix, limit, after, deleted }, signal });
  }
}
