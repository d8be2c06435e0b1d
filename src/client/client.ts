import { Document, type DocumentFacts, type ExportOptions } from "./document.ts";
import { bodyOf, type ReadOptions, type RepeatOptions, Requests, type RequestsOptions } from "./requests.ts";
import { Administration } from "./server/administration.ts";
import { Webhooks } from "./webhook-endpoints.ts";

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
  /** The largest or the last changed documents first. There is one page then, and no `after`. */
  readonly order?: "bytes" | "updated" | undefined;
}

export interface DocumentPage {
  readonly items: readonly DocumentFacts[];
  /** Null on the last page, and with an `order`. */
  readonly next: string | null;
}

export interface ExportAllOptions extends ExportOptions {
  /** The names begin with this text. */
  readonly prefix?: string | undefined;
}

export interface ImportOptions extends RepeatOptions {
  /** Whether documents that exist are left as they are, or merged. `skip` by default. */
  readonly existing?: "skip" | "merge" | undefined;
}

export interface ImportResult {
  readonly created: number;
  /** Documents that existed and have changed. */
  readonly merged: number;
  /** Documents that existed and were left, or that have nothing new. */
  readonly skipped: number;
  /** New documents that have the history of the export: it is taken from tokens and keys with the scope docs:admin. */
  readonly histories: number;
  readonly refusedCount: number;
  /** The first 100 of the refused. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[];
}

const pageSize = 500;

/** The API of a Yurt server. All methods reject with `YurtError`, or with the error of `fetch`. */
export class YurtClient {
  /** The webhooks of the server; they need an administrator's token, or a key with the scope docs:admin and no prefix. */
  readonly webhooks: Webhooks;
  /** The administration of the server. */
  readonly server: Administration;
  readonly #requests: Requests;

  constructor(options: RequestsOptions) {
    this.#requests = new Requests(options);
    this.webhooks = new Webhooks(this.#requests);
    this.server = new Administration(this.#requests);
  }

  /** One document, whether it exists or not. Throws `RangeError` for `.`, `..` and no name at all, which no document has. */
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
  page({ after, deleted, limit, order, prefix, signal }: PageOptions = {}): Promise<DocumentPage> {
    return this.#requests.json({ path: "/docs", query: { prefix, limit, after, deleted, order }, signal });
  }

  /** All documents that the token may see as lines of JSON, which `import` reads. The last line has `end`. */
  async export({ history, prefix, signal }: ExportAllOptions = {}): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#requests.send({ path: "/export", query: { prefix, history }, signal }));
  }

  /** Writes the documents of an export. It can be repeated. With a stream, a request that the server delays (429) fails. */
  import(lines: Uint8Array | ReadableStream<Uint8Array>, options: ImportOptions = {}): Promise<ImportResult> {
    const { existing, idempotencyKey, signal } = options;
    const headers = { "content-type": "application/x-ndjson", "idempotency-key": idempotencyKey };
    return this.#requests.json({ method: "POST", path: "/import", query: { existing }, headers, body: lines, signal });
  }
}
