/** The updates of one document that wait for the store, in order. */
export class WaitingUpdates<Waiting extends { readonly update: Uint8Array }> {
  #count = 0;
  #bytes = 0;
  #last: Waiting | undefined;
  #noneWaits: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  /** The one that was added last; undefined when none waits. */
  get last(): Waiting | undefined {
    return this.#last;
  }

  add(waiting: Waiting): void {
    this.#count += 1;
    this.#bytes += waiting.update.byteLength;
    this.#last = waiting;
  }

  /** Records that the first one is stored. */
  stored({ update }: Waiting): void {
    this.#count -= 1;
    this.#bytes -= update.byteLength;
    if (this.#count === 0) this.discard();
  }

  /** Forgets all of them: none will be stored. */
  discard(): void {
    this.#count = 0;
    this.#bytes = 0;
    this.#last = undefined;
    if (this.#noneWaits.length === 0) return;
    const resolves = this.#noneWaits;
    this.#noneWaits = [];
    for (const resolve of resolves) resolve();
  }

  /** Resolves when none waits any more. */
  async settled(): Promise<void> {
    if (this.#count > 0) await new Promise<void>((resolve) => this.#noneWaits.push(resolve));
  }
}
