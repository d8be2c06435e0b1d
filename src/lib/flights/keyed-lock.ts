/** Runs tasks of the same key one after the other, in the order of the calls; tasks of different keys overlap. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<unknown>>();

  /** The number of keys with tasks that run or wait. */
  get size(): number {
    return this.#last.size;
  }

  /** Settles as the task does. A task that fails does not keep the next one from running. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? task() : before.then(task);
    const ended = result.catch(() => {});
    this.#last.set(key, ended);
    try {
      return await result;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}
