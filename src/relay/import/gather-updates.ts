import { compactUpdates } from "../compaction/compact-updates.ts";
import type { CompactionInput } from "../compaction/compactor.ts";
import { IdSet } from "../update/id-set.ts";
import { normalizeUpdate } from "../update/normalize-update.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import { decodeContents } from "../update/update-contents.ts";

/** A document that another server has stored. */
export interface ForeignDocument {
  readonly name: string;
  /** Updates (V1) that have not been checked; of one that was too large to be read, only its size. */
  readonly updates: Iterable<Uint8Array | { readonly bytes: number }>;
}

/** The updates of one foreign document, merged into one. */
export interface GatheredUpdates {
  /**
   * One update that is equivalent to all usable ones together, without the content that was deleted unless it is to be
   * kept; undefined when none is usable. Its `contents` are those of the given updates: `update` deletes more, as Yjs does while it
   * integrates.
   */
  readonly gathered: DecodedUpdate | undefined;
  /** The number of updates that were given. */
  readonly count: number;
  /** The number of updates that are not in `gathered`. */
  readonly leftOut: number;
  /** The reason why the first of those is left out. */
  readonly reason: string | undefined;
}

export interface GatherUpdatesOptions extends Pick<CompactionInput, "keepsDeleted"> {
  readonly documentBytes: number;
}

/**
 * Makes one update of many that another server has stored. An update that is not written as Yjs writes it is
 * normalised; an update that Yjs cannot apply is left out.
 *
 * At most twice `documentBytes` of updates are in memory at a time, together with the update that they are merged into.
 * When that one alone is larger than `documentBytes`, the document is rejected. Throws the errors that `updates`
 * throws.
 */
export function gatherUpdates(
  updates: ForeignDocument["updates"],
  { documentBytes, ...keeping }: GatherUpdatesOptions,
): GatheredUpdates {
  const gathering = new Gathering(keeping);
  for (const update of updates) {
    if (!(update instanceof Uint8Array)) {
      gathering.addOversized(update.bytes);
      continue;
    }
    gathering.add(update);
    if (gathering.bytes <= 2 * documentBytes) continue;
    gathering.mergeWaiting();
    if (gathering.bytes > documentBytes) return gathering.rejected(describeTooLarge(gathering.bytes, documentBytes));
  }
  gathering.mergeWaiting();
  return gathering.result();
}

export function describeTooLarge(bytes: number, documentBytes: number): string {
  return `document too large: it would have ${bytes} bytes, and the limit is ${documentBytes}`;
}

class Gathering {
  readonly #keeping: Pick<CompactionInput, "keepsDeleted">;
  readonly #structs = new IdSet();
  readonly #deletes = new IdSet();
  #count = 0;
  #leftOut = 0;
  #reason: string | undefined;
  /** The update that earlier ones were merged into. */
  #base: Uint8Array | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  constructor(keeping: Pick<CompactionInput, "keepsDeleted">) {
    this.#keeping = keeping;
  }

  /** The bytes of all updates in memory. */
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
      this.#leaveOut(1, `not a Yjs update: ${contents.detail}`);
    }
  }

  /** Counts an update that was too large to be read. */
  addOversized(bytes: number): void {
    this.#count += 1;
    this.#leaveOut(1, `update too large: ${bytes} bytes`);
  }

  /** Merges the waiting updates into the base. */
  mergeWaiting(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const earlier = this.#base === undefined ? [] : [this.#base];
    try {
      const { base, rejected } = compactUpdates([...earlier, ...waiting], this.#keeping);
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
