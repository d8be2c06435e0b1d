/** The number of structs, of clients and of deleted ranges in an update or a document. */
export interface UpdateCounts {
  readonly structs: number;
  /** The clients that inserted, or those whose content is deleted, whichever are more. */
  readonly clients: number;
  readonly deletedRanges: number;
}

/** The greatest counts that an update may have. */
export type UpdateBounds = UpdateCounts;

/** The names of the counts, in the order in which an update states them. */
export const countNames = ["clients", "structs", "deletedRanges"] as const satisfies readonly (keyof UpdateCounts)[];

export const unbounded: UpdateBounds = {
  structs: Number.POSITIVE_INFINITY,
  clients: Number.POSITIVE_INFINITY,
  deletedRanges: Number.POSITIVE_INFINITY,
};

/** An update states a count that is beyond its bound. */
export class BoundError extends Error {
  readonly bound: keyof UpdateCounts;
  readonly count: number;

  constructor(bound: keyof UpdateCounts, count: number) {
    super(`more than the allowed ${bound}: ${count}`);
    this.name = "BoundError";
    this.bound = bound;
    this.count = count;
  }
}
