import type { RowId } from "../../store.ts";
import type { Statements } from "../statements.ts";
import type { WebhookRows } from "../webhooks/webhook-rows.ts";

/** The size of the cache, with names of at most 256 bytes. A miss costs one indexed look-up (3 µs). */
const cachedDocuments = 10_000;

/** The numbers of documents by name, for appends. */
export class DocumentIds {
  readonly #statements: Statements;
  readonly #webhooks: Pick<WebhookRows, "record">;
  readonly #ids = new Map<string, number>();

  constructor(statements: Statements, webhooks: Pick<WebhookRows, "record">) {
    this.#statements = statements;
    this.#webhooks = webhooks;
  }

  /** The document's number, if it is in the cache. */
  cached(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /**
   * The document's number. A document that does not exist is created at `at` (epoch milliseconds); updates of the journal
   * up to `lastRow`, which may be those of a purged document, do not belong to it.
   */
  findOrCreate(name: string, lastRow: RowId, at: number): number {
    const cached = this.#ids.get(name);
    if (cached !== undefined) return cached;
    const id = this.#statements.findDocument.get(name)?.id ?? this.#create(name, lastRow, at);
    if (this.#ids.size >= cachedDocuments) this.#ids.clear();
    this.#ids.set(name, id);
    return id;
  }

  #create(name: string, lastRow: RowId, at: number): number {
    const created = this.#statements.insertDocument.get(name, lastRow, at);
    if (created === null) throw new Error("INSERT … RETURNING has returned nothing.");
    this.#webhooks.record({ type: "doc.created", document: name, sequence: lastRow });
    return created.id;
  }

  delete(name: string): void {
    this.#ids.delete(name);
  }

  /** After a transaction was rolled back that may have created documents. */
  clear(): void {
    this.#ids.clear();
  }
}
