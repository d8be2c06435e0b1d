import type { DecodedUpdate } from "../../update/trim-update.ts";

export interface LogReader {
  /** Updates of other nodes have become part of the state. */
  found(updates: readonly DecodedUpdate[]): void;
}
