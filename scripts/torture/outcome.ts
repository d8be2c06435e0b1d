/** What a torture measured, and what it found wrong: nothing, when the server keeps its guarantees. */
export interface Outcome {
  /** In the order in which they are printed; units are part of the names. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** One sentence each; with the seed they can be had again, as far as time repeats itself. */
  readonly faults: readonly string[];
}

/** Called now and then while a torture runs, with where it stands. */
export type Progress = (line: string) => void;

/** Collects faults; of those that repeat themselves a hundred are enough. */
export class Faults {
  readonly #sentences: string[] = [];
  #left = 0;

  add(sentence: string): void {
    if (this.#sentences.length < 100) this.#sentences.push(sentence);
    else this.#left += 1;
  }

  /** Adds the sentence unless it `holds`. */
  unless(holds: boolean, sentence: string): void {
    if (!holds) this.add(sentence);
  }

  get all(): readonly string[] {
    return this.#left === 0 ? this.#sentences : [...this.#sentences, `and ${this.#left} more`];
  }
}

export function formatOutcome(name: string, { figures, faults }: Outcome): string {
  const width = Math.max(...Object.keys(figures).map((figure) => figure.length));
  const lines = Object.entries(figures).map(([figure, value]) => `  ${figure.padEnd(width)}  ${value}`);
  const verdict = faults.length === 0 ? "ok" : "FAIL";
  return [`${verdict}  ${name}`, ...lines, ...faults.map((fault) => `  ! ${fault}`)].join("\n");
}
