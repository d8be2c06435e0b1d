import type { Handshake } from "./protocol.ts";

/** A handshake of which only what is asked for is made: most connections are idle, and there are many. */
export class ClientHandshake implements Handshake {
  readonly #href: string;
  #isGone = false;
  #aborter: AbortController | undefined;

  constructor(href: string) {
    this.#href = href;
  }

  get url(): URL {
    return new URL(this.#href);
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#isGone) this.#aborter.abort();
    }
    return this.#aborter.signal;
  }

  /** The client is gone; idempotent. */
  gone(): void {
    this.#isGone = true;
    this.#aborter?.abort();
  }
}
