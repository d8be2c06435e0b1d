import * as decoding from "lib0/decoding";
import { IdSet } from "./id-set.ts";
import { StepwiseReader } from "./large/stepwise-reader.ts";
import { BoundError, type UpdateBounds, type UpdateCounts, unbounded } from "./large/update-bounds.ts";
import { DecodeError } from "./strict-decoding.ts";
import { readUpdate } from "./update-reader.ts";

/** The clocks that one update, or several together, insert and delete. */
export interface ContentIds {
  /** The clocks of the structs. A Skip only marks a gap: its clocks are not included. */
  readonly structs: IdSet;
  /** The clocks of the deleted structs. */
  readonly deletes: IdSet;
}

/** The contents of a Yjs update, without the content itself. */
export interface UpdateContents extends ContentIds {
  readonly kind: "contents";
  /** The length of the update's structs in bytes; its deletes follow them. */
  readonly structBytes: number;
  /** Whether the update has neither structs nor deletes, so that it changes nothing. */
  readonly isEmpty: boolean;
  /** Absent when it has at most one struct and at most one deleted range. */
  readonly counts?: ContentCounts;
}

export interface ContentCounts {
  readonly structs: number;
  readonly deletedRanges: number;
}

/** The counts of an update, or more for one that has at most one of each. */
export function countsOf({ counts }: Pick<UpdateContents, "counts">): ContentCounts {
  return counts ?? atMostOneEach;
}

const atMostOneEach: ContentCounts = { structs: 1, deletedRanges: 1 };

export interface Malformed {
  readonly kind: "malformed";
  /** The reason, for the log; it never quotes content. */
  readonly detail: string;
}

/** An update that states more structs, clients or deleted ranges than it may have. */
export interface Oversized {
  readonly kind: "oversized";
  readonly bound: keyof UpdateCounts;
  readonly count: number;
}

/**
 * Decodes an update (V1) strictly: it is malformed when it does not decode completely, and also when it decodes but
 * is not written as Yjs writes it.
 */
export function decodeContents(update: Uint8Array): UpdateContents | Malformed {
  const structs = new IdSet();
  const deletes = new IdSet();
  let structCount = 0;
  let deletedRanges = 0;
  try {
    const structBytes = readUpdate(decoding.createDecoder(update), {
      struct: (client, start, end) => {
        structs.add(client, start, end);
        structCount += 1;
      },
      deletes: (client, start, end) => {
        deletes.add(client, start, end);
        deletedRanges += 1;
      },
    });
    const isEmpty = structs.isEmpty && deletes.isEmpty;
    const contents: UpdateContents = { kind: "contents", structs, deletes, structBytes, isEmpty };
    if (structCount <= 1 && deletedRanges <= 1) return contents;
    return { ...contents, counts: { structs: structCount, deletedRanges } };
  } catch (error) {
    return malformed(error);
  }
}

/** Decodes an update as `decodeContents` does, in steps, and only if its counts are within `bounds`. */
export class ContentsReader {
  readonly #structs = new IdSet();
  readonly #deletes = new IdSet();
  readonly #update: Uint8Array;
  readonly #bounds: UpdateBounds;
  #reader: StepwiseReader | undefined;

  constructor(update: Uint8Array, bounds: UpdateBounds = unbounded) {
    this.#update = update;
    this.#bounds = bounds;
  }

  /** The number of structs and deleted ranges that are read. */
  get readCount(): number {
    return this.#reader?.readCount ?? 0;
  }

  /** Reads on for about this many bytes. Undefined while there is more to read. */
  step(maxBytes: number): UpdateContents | Malformed | Oversized | undefined {
    try {
      this.#reader ??= this.#open();
      return this.#reader.read(maxBytes) ? this.#contentsOf(this.#reader) : undefined;
    } catch (error) {
      if (error instanceof BoundError) return { kind: "oversized", bound: error.bound, count: error.count };
      return malformed(error);
    }
  }

  #open(): StepwiseReader {
    const visitor = {
      struct: (client: number, start: number, end: number) => this.#structs.add(client, start, end),
      deletes: (client: number, start: number, end: number) => this.#deletes.add(client, start, end),
    };
    return new StepwiseReader(decoding.createDecoder(this.#update), visitor, this.#bounds);
  }

  #contentsOf({ structBytes, counts }: StepwiseReader): UpdateContents {
    const [structs, deletes] = [this.#structs, this.#deletes];
    const isEmpty = structs.isEmpty && deletes.isEmpty;
    const contents: UpdateContents = { kind: "contents", structs, deletes, structBytes, isEmpty };
    if (counts.structs <= 1 && counts.deletedRanges <= 1) return contents;
    return { ...contents, counts: { structs: counts.structs, deletedRanges: counts.deletedRanges } };
  }
}

function malformed(error: unknown): Malformed {
  return { kind: "malformed", detail: error instanceof DecodeError ? error.message : "cannot be decoded" };
}

/** As `decodeContents`, but throws `DecodeError` for a malformed update. */
export function contentsOf(update: Uint8Array): UpdateContents {
  const contents = decodeContents(update);
  if (contents.kind === "malformed") throw new DecodeError(`malformed Yjs update: ${contents.detail}`);
  return contents;
}
