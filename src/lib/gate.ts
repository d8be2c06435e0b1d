/** Stops whoever asks, as long as anyone holds it. */
export class Gate {
  #holders = 0;
  #stopped: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#holders += 1;
    this.#stopped ??= Promise.withResolvers();
  }

  /** Once for each `hold`. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  /** Resolves when nobody holds it any more; undefined while nobody does. */
  get released(): Promise<void> | undefined {
    return this.#stopped?.promise;
  }
}
