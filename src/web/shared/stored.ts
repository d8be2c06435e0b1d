/** A JSON value in the browser's storage. A browser may refuse to store anything: the page then works without it. */
export class Stored {
  readonly #key: string;
  readonly #area: () => Storage;

  /** `session` is kept for this window, over reloads; `local` for all windows of the browser. */
  constructor(area: "session" | "local", key: string) {
    this.#key = key;
    // Reading the property throws where storage is blocked.
    this.#area = () => (area === "session" ? sessionStorage : localStorage);
  }

  /** Returns what `write` stored, of any type: other programs of this origin write, too. Undefined if there is nothing. */
  read(): unknown {
    try {
      return JSON.parse(this.#area().getItem(this.#key) ?? "null") ?? undefined;
    } catch {
      return undefined;
    }
  }

  write(value: unknown): void {
    try {
      this.#area().setItem(this.#key, JSON.stringify(value));
    } catch {
      // Nothing is stored.
    }
  }

  remove(): void {
    try {
      this.#area().removeItem(this.#key);
    } catch {
      // Nothing was stored.
    }
  }
}
