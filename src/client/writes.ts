import type { ReadOptions } from "./requests.ts";

/** The outcome of a write. */
export interface Written {
  /** The sequence of the document with the update. */
  readonly sequence: number;
  /** False if the document had all of it already. */
  readonly changed: boolean;
}

export interface WriteOptions extends ReadOptions {
  /** The sequence that was read: the write fails with the code `precondition-failed` if the document has changed since. */
  readonly ifSequence?: number | undefined;
}
