/**
 * The order of a store's calls. Appends follow each other. Another call about a document follows all calls about it, and
 * all appends, that were made before it.
 *
 * An append follows only those calls about its documents that change what it finds. It does not wait until a large document
 * is read or compacted: all appends behind it, to whichever documents, would wait as well.
 *
 * A call that fails holds up none.
 */
export class CallOrder {
  /** Resolves when the last append has ended. */
  #appended: Promise<unknown> = Promise.resolve();
  /** By document: resolves when the last of the other calls about it has ended. */
  readonly #ended = new Map<string, Promise<unknown>>();
  /** By document: likewise for those that appends follow. */
  readonly #changed = new Map<string, Promise<unknown>>();
  /** The calls about all documents that have not ended. */
  readonly #general = new Set<Promise<unknown>>();

  append<Result>(documents: Iterable<string>, task: () => Promise<Result>): Promise<Result> {
    const earlier = [this.#appended];
    if (this.#changed.size > 0)
      for (const document of new Set(documents)) earlier.push(...earlierIn(this.#changed, document));
    const result = Promise.all(earlier).then(task);
    this.#appended = result.catch(() => {});
    return result;
  }

  /** Runs a task about a document. Appends that are made later do not wait for it. */
  about<Result>(document: string, task: () => Promise<Result>): Promise<Result> {
    const result = Promise.all([this.#appended, ...earlierIn(this.#ended, document)]).then(task);
    keepUntilEnded(this.#ended, document, result);
    return result;
  }

  /** As `about`, for a task that appends to the document which are made later must find done. */
  change<Result>(document: string, task: () => Promise<Result>): Promise<Result> {
    const result = this.about(document, task);
    keepUntilEnded(this.#changed, document, result);
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
}

function earlierIn(calls: ReadonlyMap<string, Promise<unknown>>, document: string): readonly Promise<unknown>[] {
  const ended = calls.get(document);
  return ended === undefined ? [] : [ended];
}

function keepUntilEnded(calls: Map<string, Promise<unknown>>, document: string, result: Promise<unknown>): void {
  const ended: Promise<unknown> = result
    .catch(() => {})
    .then(() => {
      if (calls.get(document) === ended) calls.delete(document);
    });
  calls.set(document, ended);
}
