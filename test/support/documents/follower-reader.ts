import type { FollowedUpdate, RowId, Store, StoreFollower } from "../../../src/storage/store.ts";
import { numbersIn } from "../bytes/counting.ts";

/**
 * Knows the numbers of documents (`updateOf`) as a node does that has them open: from the reports of its store, and from
 * loads where a report asks for one.
 */
export class FollowerReader implements StoreFollower {
  /** The rows that were reported, in order. */
  readonly rows: RowId[] = [];
  /** How often it was told that reports are missing. */
  misses = 0;
  /** How often it was told that the store may have lost changes. */
  reverts = 0;
  readonly #store: Store;
  readonly #known: ReadonlyMap<string, Set<number>>;
  readonly #loads = new Set<Promise<void>>();
  #reported = Promise.withResolvers<void>();

  constructor(store: Store, documents: readonly string[]) {
    this.#store = store;
    this.#known = new Map(documents.map((document) => [document, new Set()]));
  }

  appended(updates: readonly FollowedUpdate[]): void {
    for (const { document, row, update } of updates) {
      this.rows.push(row);
      this.learn(document, numbersIn({ base: undefined, tail: [{ row, update }], quarantined: [], sequence: row }));
    }
    this.#report();
  }

  changed(document: string): void {
    this.#load(document);
    this.#report();
  }

  missed(): void {
    this.misses += 1;
    for (const document of this.#known.keys()) this.#load(document);
    this.#report();
  }

  reverted(): void {
    this.reverts += 1;
    for (const document of this.#known.keys()) this.#load(document);
    this.#report();
  }

  /** Adds numbers that the node has stored, or read, itself. */
  learn(document: string, numbers: readonly number[]): void {
    for (const number of numbers) this.#known.get(document)?.add(number);
  }

  /** The numbers of a document, sorted. */
  numbersOf(document: string): readonly number[] {
    return [...(this.#known.get(document) ?? [])].toSorted((left, right) => left - right);
  }

  /** Resolves when a document has all of these numbers. */
  async until(document: string, numbers: Iterable<number>): Promise<void> {
    const expected = [...numbers];
    while (!expected.every((number) => this.#known.get(document)?.has(number))) await this.#reported.promise;
  }

  /** Loads again as long as the database cannot be reached. */
  #load(document: string): void {
    const load = this.#store.load(document).then(
      (loaded) => this.learn(document, numbersIn(loaded)),
      () => this.#load(document),
    );
    const ended = load.then(() => {
      this.#loads.delete(ended);
      this.#report();
    });
    this.#loads.add(ended);
  }

  #report(): void {
    this.#reported.resolve();
    this.#reported = Promise.withResolvers<void>();
  }
}
