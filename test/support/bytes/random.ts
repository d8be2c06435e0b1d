/** A seeded random generator (mulberry32): the same seed makes the same choices. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  real(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, end). */
  integer(end: number): number {
    return Math.floor(this.real() * end);
  }

  chance(probability: number): boolean {
    return this.real() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.integer(choices.length)];
    if (choice === undefined) throw new RangeError("nothing to pick from");
    return choice;
  }

  /** A subset, in order, that has each element with that probability. */
  some<T>(choices: readonly T[], probability: number): T[] {
    return choices.filter(() => this.chance(probability));
  }

  shuffled<T>(elements: readonly T[]): T[] {
    return elements
      .map((element) => ({ element, rank: this.real() }))
      .sort((left, right) => left.rank - right.rank)
      .map(({ element }) => element);
  }
}

/** The first seed of every property test. YURT_TEST_SEED takes the seed that a failure printed. */
const firstSeed = Number(process.env["YURT_TEST_SEED"] ?? 20_250_607);

/** Runs a property `times` times with different seeds; a failure names its seed. */
export function withSeeds(times: number, property: (random: Random, seed: number) => void): void {
  for (let seed = firstSeed; seed < firstSeed + times; seed += 1) {
    try {
      property(new Random(seed), seed);
    } catch (error) {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}

/** As `withSeeds`, for a property that takes its time: one seed after the other. */
export async function withSeedsInTurn(
  times: number,
  property: (random: Random, seed: number) => Promise<void>,
): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + times; seed += 1) {
    await property(new Random(seed), seed).catch((error: unknown) => {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    });
  }
}

/** As `withSeeds`, one after the other. */
export async function withSeedsAsync(
  times: number,
  property: (random: Random, seed: number) => Promise<void>,
): Promise<void> {
  for (let seed = firstSeed; seed < firstSeed + times; seed += 1) {
    try {
      await property(new Random(seed), seed);
    } catch (error) {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}
