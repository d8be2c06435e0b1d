/** A seeded pseudo-random generator (xorshift32), so that every run of the bench sends the same bytes. */
export class Random {
  #state: number;

  /** The seed must not be 0. */
  constructor(seed: number) {
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0;
  }

  /** An integer in [0, end). */
  integer(end: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  chance(probability: number): boolean {
    return this.integer(1_000_000) < probability * 1_000_000;
  }

  letters(count: number): string {
    return String.fromCharCode(...Array.from({ length: count }, () => 97 + this.integer(26)));
  }
}
