import { compactUpdates } from "../compaction/compact-updates.ts";
import { IdSet } from "../update/id-set.ts";
import { normalizeUpdate } from "../update/normalize-update.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { decodeContents } from "../update/update-contents.ts";

/** The updates of one document as one. */
export interface GatheredUpdates {
  /**
   * Says what they say together, less the content that was deleted; undefined when none of them can be used. `contents` is
   * what they bring: Yjs deletes more while it integrates, and so does `update`.
   */
  readonly gathered: DecodedUpdate | undefined;
  readonly count: number;
  /** How many of them are not in `gathered`. */
  readonly leftOut: number;
  /** Why the first of those is not. */
  readonly reason: string | undefined;
}

/**
 * Makes one update of many that somebody else has stored: what is not as Yjs writes it is normalised, what no Yjs document
 * takes is left out.
 *
 * In memory are twice `documentBytes` of them at a time, and what these become; when that alone is larger than
 * `documentBytes` nothing is gathered. Throws what `updates` throws.
 */
export function gatherUpdates(updates: Iterable<Uint8Array>, documentBytes: number): GatheredUpdates {
  const gathering = new Gathering();
  for (const update of updates) {
    gathering.add(update);
    if (gathering.bytes <= 2 * documentBytes) continue;
    gathering.mergeWaiting();
    if (gathering.bytes > documentBytes) return gathering.rejected(describeTooLarge(gathering.bytes, documentBytes));
  }
  gathering.mergeWaiting();
  return gathering.result();
}

export function describeTooLarge(bytes: number, documentBytes: number): string {
  return `it would have ${bytes} bytes, and a document may have ${documentBytes}`;
}

class Gathering {
  readonly #structs = new IdSet();
  readonly #deletes = new IdSet();
  #count = 0;
  #leftOut = 0;
  #reason: string | undefined;
  /** What earlier ones became. */
  #base: Uint8Array | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** In memory. */
  get bytes(): number {
    return this.#waitingBytes + (this.#base?.byteLength ?? 0);
  }

  add(update: Uint8Array): void {
    this.#count += 1;
    const contents = decodeContents(update);
    const usable = contents.kind === "contents" ? update : normalizeUpdate(update)?.update;
    if (usable !== undefined) {
      this.#waiting.push(usable);
      this.#waitingBytes += usable.byteLength;
    } else if (contents.kind === "malformed") {
      this.#leaveOut(1, `it is no Yjs update: ${contents.detail}`);
    }
  }

  /** Makes one of those that wait. */
  mergeWaiting(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const earlier = this.#base === undefined ? [] : [this.#base];
    try {
      const { base, rejected } = compactUpdates([...earlier, ...waiting]);
      const accepted = waiting.filter((_, index) => !rejected.includes(earlier.length + index));
      for (const update of accepted) this.#addIds(update);
      if (rejected.length > 0) this.#leaveOut(rejected.length, "Yjs cannot apply it");
      this.#base = accepted.length + earlier.length > 0 ? base : undefined;
    } catch (error) {
      this.#leaveOut(waiting.length, `Yjs cannot load it: ${error instanceof Error ? error.message : error}`);
    }
  }

  result(): GatheredUpdates {
    return { gathered: this.#gathered(), count: this.#count, leftOut: this.#leftOut, reason: this.#reason };
  }

  rejected(reason: string): GatheredUpdates {
    return { gathered: undefined, count: this.#count, leftOut: this.#count, reason };
  }

  #gathered(): DecodedUpdate | undefined {
    const update = this.#base;
    const read = update && decodeContents(update);
    if (update === undefined || read?.kind !== "contents") return undefined;
    return { update, contents: { ...read, structs: this.#structs, deletes: this.#deletes } };
  }

  #addIds(update: Uint8Array): void {
    const contents = decodeContents(update);
    if (contents.kind === "malformed") return;
    this.#structs.addAll(contents.structs);
    this.#deletes.addAll(contents.deletes);
  }

  #leaveOut(count: number, reason: string): void {
    this.#leftOut += count;
    this.#reason ??= reason;
  }
}
