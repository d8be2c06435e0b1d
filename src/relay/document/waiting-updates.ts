import type { FastUpdate } from "../update/fast/fast-update.ts";
import { IdSet } from "../update/id-set.ts";
import { rangesPerStep } from "../update/large/steps.ts";
import { countsOf, type UpdateContents } from "../update/update-contents.ts";
import type { Growth } from "./comparison/classification.ts";

/** One write to a document's log, which waits for the store. */
export interface WaitingWrite {
  readonly bytes: number;
}

/** The contents of the updates that wait for the store. They count as known. */
export interface StagedContents {
  /** The sets that together hold the structs: those of small updates first, then those of each large one. */
  readonly structs: readonly [IdSet, ...IdSet[]];
  /** As `structs`, for the deletes. */
  readonly deletes: readonly [IdSet, ...IdSet[]];
  /** The classifications in steps that have not ended. They are told what changes meanwhile. */
  readonly classifying: Set<Growth>;
}

/** Stored writes are removed from the list when there are this many of them, and they are half of it. */
const keptWrites = 1_000;

export function nothingStaged(): StagedContents {
  return { structs: [new IdSet()], deletes: [new IdSet()], classifying: new Set() };
}

/** Whether sets of these contents are so large that an operation on all of them may take some milliseconds. */
export function isLarge(contents: Pick<UpdateContents, "counts">): boolean {
  const { structs, deletedRanges } = countsOf(contents);
  return structs + deletedRanges > rangesPerStep;
}

/**
 * The updates of one document that wait for the store: the writes in their order, their number of bytes, and the clocks
 * that they insert and delete, which count as known.
 */
export class WaitingUpdates<Write extends WaitingWrite> implements StagedContents {
  structs: readonly [IdSet, ...IdSet[]] = [new IdSet()];
  deletes: readonly [IdSet, ...IdSet[]] = [new IdSet()];
  readonly classifying = new Set<Growth>();
  /** In order. Those before `#first` are stored: shifting a long array would copy it each time. */
  #writes: Write[] = [];
  #first = 0;
  #bytes = 0;
  #noneWaits: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  /** The write that was added last; undefined when none waits. */
  get last(): Write | undefined {
    return this.#writes.at(-1);
  }

  /** Counts the clocks of an update as known. The update is then added, alone or with the last write. */
  include(contents: UpdateContents): void {
    if (isLarge(contents)) {
      // Adding them to the sets would take too long.
      this.structs = [...this.structs, contents.structs];
      this.deletes = [...this.deletes, contents.deletes];
    } else {
      this.structs[0].addAll(contents.structs);
      this.deletes[0].addAll(contents.deletes);
    }
    for (const { staged } of this.classifying) staged.push(contents);
  }

  /** As `include`. */
  includeFast(found: FastUpdate): void {
    const { client, clock, endClock, deletedClient, deletedClock, deletedEndClock } = found;
    if (client >= 0) this.structs[0].add(client, clock, endClock);
    if (deletedClient >= 0) this.deletes[0].add(deletedClient, deletedClock, deletedEndClock);
    for (const { staged } of this.classifying) staged.push(found.contents());
  }

  add(write: Write): void {
    this.#writes.push(write);
    this.#bytes += write.bytes;
  }

  /** Counts an update by which the last write has grown. */
  grew(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * Records that the first write is stored; `contents` are its own. Until none waits, the clocks of small updates stay
   * here: they are known either way.
   */
  stored(write: Write, contents: UpdateContents): void {
    if (this.#writes[this.#first] !== write) throw new Error("a write was stored that does not wait, or not in order");
    this.#first += 1;
    this.#bytes -= write.bytes;
    if (this.#first === this.#writes.length) {
      this.#clear();
      return;
    }
    if (isLarge(contents)) {
      this.structs = without(this.structs, contents.structs);
      this.deletes = without(this.deletes, contents.deletes);
    }
    if (this.#first < keptWrites || 2 * this.#first < this.#writes.length) return;
    this.#writes = this.#writes.slice(this.#first);
    this.#first = 0;
  }

  /** Forgets all writes, because none of them will be stored, and returns them. */
  discard(): readonly Write[] {
    const discarded = this.#writes.slice(this.#first);
    for (const growth of this.classifying) growth.hasShrunk = true;
    this.#clear();
    return discarded;
  }

  /** Resolves when none waits any more. */
  async settled(): Promise<void> {
    if (this.#writes.length > 0) await new Promise<void>((resolve) => this.#noneWaits.push(resolve));
  }

  #clear(): void {
    this.#writes.length = 0;
    this.#first = 0;
    this.#bytes = 0;
    const [structs] = this.structs;
    const [deletes] = this.deletes;
    structs.clear();
    deletes.clear();
    if (this.structs.length > 1) [this.structs, this.deletes] = [[structs], [deletes]];
    if (this.#noneWaits.length === 0) return;
    const resolves = this.#noneWaits;
    this.#noneWaits = [];
    for (const resolve of resolves) resolve();
  }
}

function without([small, ...large]: readonly [IdSet, ...IdSet[]], stored: IdSet): readonly [IdSet, ...IdSet[]] {
  return [small, ...large.filter((set) => set !== stored)];
}
