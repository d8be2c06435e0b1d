/** The updates of a document, and the form in which they are asked for. */
export interface MergeOrder {
  /** Yjs updates, V1, which together are the document. */
  readonly updates: readonly Uint8Array[];
  /** The structs that are left out: those that the owner of this state vector has. Undefined for none. */
  readonly stateVector?: Uint8Array | undefined;
  /** The format of the result: Yjs' V1 or V2. */
  readonly format: 1 | 2;
}

/** Merges updates into one, away from the event loop if there is much to merge. Rejects with `Problem` overloaded. */
export interface UpdateMerger {
  merge(order: MergeOrder): Promise<Uint8Array>;
}
