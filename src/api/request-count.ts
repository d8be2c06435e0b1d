/** Counts the requests that are being answered. */
export class RequestCount {
  #running = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** Runs `task`, which counts until it has settled. */
  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#idle?.resolve();
    }
  }

  /** Resolves when no request is being answered. */
  async idle(): Promise<void> {
    if (this.#running === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }
}
