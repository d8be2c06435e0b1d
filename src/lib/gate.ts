/** A gate: `released` is pending while at least one holder has not released. */
export class Gate {
  #holders = 0;
  #stopped: PromiseWithResolvers<void> | undefined;

  hold(): void {
    this.#holders += 1;
    this.#stopped ??= Promise.withResolvers();
  }

  /** Must be called once for each `hold`. */
  release(): void {
    this.#holders -= 1;
    if (this.#holders > 0) return;
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  /** Resolves when the last holder releases; undefined while the gate has no holder. */
  get released(): Promise<void> | undefined {
    return this.#stopped?.promise;
  }
}
