/** The bound of the documents that are remembered. */
const mostDocuments = 100_000;

/**
 * Documents that a writer has found to exist, when it has last appended to them. They exist as long as the number of purges is
 * the same and the database has the writer's last batch: what was committed before it is there as well.
 */
export class ExistingDocuments {
  readonly #names = new Set<string>();
  #purges = 0;

  /** The number of purges after which all these documents were there; undefined if it is not known of one. */
  purgesIfAllExist(documents: readonly string[]): number | undefined {
    return documents.every((document) => this.#names.has(document)) ? this.#purges : undefined;
  }

  /** Takes note of documents that were there after so many purges. */
  found(documents: readonly string[], purges: number): void {
    if (purges !== this.#purges || this.#names.size > mostDocuments) this.#names.clear();
    this.#purges = purges;
    for (const document of documents) this.#names.add(document);
  }

  /** Forgets all: the database may have lost something. */
  clear(): void {
    this.#names.clear();
  }
}
