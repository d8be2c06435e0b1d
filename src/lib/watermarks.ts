/** Told when a source should stop, and when it may go on. */
export interface WatermarkListener {
  /** The level has risen above the high watermark. `cleared` follows before this is called again. */
  readonly filled?: () => void;
  /** The level has fallen to the low watermark, or below it. */
  readonly cleared?: () => void;
}

/**
 * A level, in bytes or in pieces, that reports when it passes a high watermark, and then when it is back at a low one.
 */
export class Watermarks {
  readonly #high: number;
  readonly #low: number;
  readonly #listener: WatermarkListener;
  #level = 0;
  #isFull = false;

  constructor(high: number, low: number, listener: WatermarkListener) {
    this.#high = high;
    this.#low = low;
    this.#listener = listener;
  }

  raise(amount: number): void {
    this.#level += amount;
    if (this.#isFull || this.#level <= this.#high) return;
    this.#isFull = true;
    this.#listener.filled?.();
  }

  lower(amount: number): void {
    this.#level -= amount;
    if (!this.#isFull || this.#level > this.#low) return;
    this.#isFull = false;
    this.#listener.cleared?.();
  }

  /** Sets the level, for an owner that counts it by itself. */
  set(level: number): void {
    if (level > this.#level) this.raise(level - this.#level);
    else this.lower(this.#level - level);
  }

  /** Lowers the level to zero. */
  empty(): void {
    this.lower(this.#level);
  }
}
