/**
 * The kinds of work that the server does for a client, with what one unit of each costs: microseconds of the event
 * loop, as measured and rounded. They need not be exact, since only the ratios between clients matter.
 */
export const workCosts = {
  /** Frames that a client has sent, or messages where one frame holds several. */
  frames: 1,
  /** Bytes of these frames. */
  bytes: 0.002,
  /** Structs and deleted ranges of updates that are read. */
  structs: 0.1,
  /** Ranges of clocks in updates, which are compared with the document and added to it. */
  ranges: 1,
  /** Writes of updates to the store, each with its publication and its acknowledgement. */
  writes: 12,
  /** Bytes of updates that are merged, compared or cut for an answer. */
  "merged-bytes": 0.02,
  /** Entries of awareness updates. */
  ids: 0.3,
} as const satisfies Readonly<Record<string, number>>;

export type WorkKind = keyof typeof workCosts;

export const workKinds = Object.keys(workCosts) as readonly WorkKind[];

/** The turns of a client in which work is done for it. Between two of them others have theirs. */
export interface Turns {
  /** Whether no more work should be done for the client until `wait` calls. Long work asks after each of its parts. */
  readonly isOver: boolean;
  /** Reports a frame that has come and has to wait. */
  delayed(): void;
  /** Calls `task` once, in the client's next turn, even if its connection is closed by then. */
  wait(task: () => void): void;
}
