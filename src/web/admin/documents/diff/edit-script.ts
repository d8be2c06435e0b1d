/** A step that makes one list out of another one. */
export type Edit = "same" | "removed" | "added";

/**
 * The shortest list of edits that makes `after` out of `before`, by the greedy algorithm of Myers ("An O(ND) difference
 * algorithm", 1986). Undefined if it has more than `most` edits that are not `same`.
 */
export function editScript(
  before: readonly string[],
  after: readonly string[],
  most: number,
): readonly Edit[] | undefined {
  return new EditGraph(before, after).script(Math.min(most, before.length + after.length));
}

/** A point is a place in both lists. It is on the diagonal `x - y`, where `x` is the place in the first list. */
class EditGraph {
  readonly #before: readonly string[];
  readonly #after: readonly string[];

  constructor(before: readonly string[], after: readonly string[]) {
    this.#before = before;
    this.#after = after;
  }

  script(most: number): readonly Edit[] | undefined {
    const middle = most + 1;
    const furthest = new Int32Array(2 * most + 3);
    const rounds: Round[] = [];
    for (let edits = 0; edits <= most; edits += 1) {
      const round = new Round(edits, furthest.slice(middle - edits - 1, middle + edits + 2));
      rounds.push(round);
      for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
        const x = this.#endOfSame(round.startOn(diagonal).x, diagonal);
        furthest[middle + diagonal] = x;
        if (x >= this.#before.length && x - diagonal >= this.#after.length) return this.#editsOf(rounds);
      }
    }
    return undefined;
  }

  /** Where the members that are the same end, from a point on. */
  #endOfSame(start: number, diagonal: number): number {
    const [before, after] = [this.#before, this.#after];
    let x = start;
    while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x += 1;
    return x;
  }

  #editsOf(rounds: readonly Round[]): readonly Edit[] {
    const found: Edit[] = [];
    let [x, diagonal] = [this.#before.length, this.#before.length - this.#after.length];
    for (const round of rounds.toReversed()) {
      const start = round.startOn(diagonal);
      found.push(...new Array<Edit>(x - start.x).fill("same"));
      if (round.edits === 0) break;
      found.push(start.isAddition ? "added" : "removed");
      x = start.isAddition ? start.x : start.x - 1;
      diagonal += start.isAddition ? 1 : -1;
    }
    return found.reverse();
  }
}

/** The furthest points that can be reached with one edit less. */
class Round {
  readonly edits: number;
  /** By diagonal: the index is `diagonal + edits + 1`. */
  readonly #points: Int32Array;

  constructor(edits: number, points: Int32Array) {
    this.edits = edits;
    this.#points = points;
  }

  /** The point on a diagonal after the next edit. */
  startOn(diagonal: number): { readonly x: number; readonly isAddition: boolean } {
    if (this.edits === 0) return { x: 0, isAddition: true };
    const lower = this.#points[diagonal + this.edits] ?? 0;
    const upper = this.#points[diagonal + this.edits + 2] ?? 0;
    const isAddition = diagonal === -this.edits || (diagonal !== this.edits && lower < upper);
    return { x: isAddition ? upper : lower + 1, isAddition };
  }
}
