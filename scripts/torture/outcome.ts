import type { SyncProtocol } from "./client/sync-protocol.ts";

/** The figures and faults of a torture. There are no faults if the server keeps its guarantees. */
export interface Outcome {
  /** The figures in the order of printing; units are part of the names. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** One sentence per fault. The seed repeats them, as far as timing repeats. */
  readonly faults: readonly string[];
}

/** Called from time to time while a torture runs, with a line about its progress. */
export type Progress = (line: string) => void;

/** The options that tortures of the sync server share. */
export interface TortureOptions {
  readonly protocol: SyncProtocol;
  /** The folder must exist. */
  readonly dataFolder: string;
  readonly progress?: Progress;
}

/** Collects faults. At most a hundred are kept, because faults repeat. */
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
