/**
 * The order of a store's calls. Appends follow each other. Another call about a document follows all calls about it, and
 * all appends, that were made before it; an append follows the other calls about its documents.
 *
 * A call that fails holds up none.
 */
export class CallOrder {
  /** Resolves when the last append has ended. */
  #appended: Promise<unknown> = Promise.resolve();
  /** By document: resolves when the last of the other calls about it has ended. */
  readonly #ended = new Map<string, Promise<unknown>>();
  /** The calls about all documents that have not ended. */
  readonly #general = new Set<Promise<unknown>>();

  append<Result>(documents: Iterable<string>, task: () => Promise<Result>): Promise<Result> {
    const earlier = [this.#appended];
    if (this.#ended.size > 0) for (const document of new Set(documents)) earlier.push(...this.#earlier(document));
    const result = Promise.all(earlier).then(task);
    this.#appended = result.catch(() => {});
    return result;
  }

  about<Result>(document: string, task: () => Promise<Result>): Promise<Result> {
    const result = Promise.all([this.#appended, ...this.#earlier(document)]).then(task);
    const ended: Promise<unknown> = result
      .catch(() => {})
      .then(() => {
        if (this.#ended.get(document) === ended) this.#ended.delete(document);
      });
    this.#ended.set(document, ended);
    return result;
  }

  /** Runs a task about all documents. Calls that are made later do not wait for it. */
  aboutAll<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.settled().then(task);
    const ended: Promise<unknown> = result.catch(() => {}).then(() => this.#general.delete(ended));
    this.#general.add(ended);
    return result;
  }

  /** Resolves when the calls about documents that were made before have ended. */
  async settled(): Promise<void> {
    await Promise.all([this.#appended, ...this.#ended.values()]);
  }

  /** As `settled`, with the calls about all documents. */
  async finished(): Promise<void> {
    await Promise.all([this.settled(), ...this.#general]);
  }

  #earlier(document: string): readonly Promise<unknown>[] {
    const ended = this.#ended.get(document);
    return ended === undefined ? [] : [ended];
  }
}
