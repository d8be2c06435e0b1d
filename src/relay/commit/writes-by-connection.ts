/**
 * The writes of each connection that wait for the store, bounded in number: a connection with as many as the limit should
 * send no further one until `whenFree` calls. Otherwise the updates of one client that sends faster than the store
 * writes would stand before those of all others.
 */
export class WritesByConnection {
  readonly #limit: number;
  readonly #counts = new Map<object, number>();
  readonly #tasks = new Map<object, (() => void)[]>();
  /** The number of all writes. Most of the time it is below the limit, and no count is looked up. */
  #total = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  isFull(connection: object): boolean {
    return this.#total >= this.#limit && (this.#counts.get(connection) ?? 0) >= this.#limit;
  }

  /** Calls `task` once, when half of the connection's writes are stored, or by `release`; at once if it is not full. */
  whenFree(connection: object, task: () => void): void {
    if (!this.isFull(connection)) {
      task();
      return;
    }
    const tasks = this.#tasks.get(connection);
    if (tasks === undefined) this.#tasks.set(connection, [task]);
    else tasks.push(task);
  }

  add(connection: object): void {
    this.#total += 1;
    this.#counts.set(connection, (this.#counts.get(connection) ?? 0) + 1);
  }

  remove(connection: object): void {
    this.#total -= 1;
    const left = (this.#counts.get(connection) ?? 0) - 1;
    if (left > 0) this.#counts.set(connection, left);
    else this.#counts.delete(connection);
    if (this.#tasks.size > 0 && left <= this.#limit / 2) this.#call(connection);
  }

  /** All writes are discarded. */
  clear(): void {
    this.#total = 0;
    this.#counts.clear();
    this.release();
  }

  /** Calls all tasks. */
  release(): void {
    for (const connection of [...this.#tasks.keys()]) this.#call(connection);
  }

  #call(connection: object): void {
    const tasks = this.#tasks.get(connection) ?? [];
    this.#tasks.delete(connection);
    for (const task of tasks) task();
  }
}
