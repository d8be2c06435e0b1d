import type { AwarenessBound } from "../../relay/awareness/drop-counts.ts";

/** A state that a client shows. */
export interface ShownState {
  readonly document: string;
  /** The id of the client's guest, as its event stream told it; undefined for a client without a stream. */
  readonly stream: string | undefined;
  /** Undefined for a client without an id: it gets one. */
  readonly clientId: number | undefined;
  /** Undefined for a client that does not count: its state follows the one that is known. */
  readonly clock: number | undefined;
  /** As JSON text; undefined for none, which removes the client. */
  readonly state: string | undefined;
  /** The caller, among whose clients the id is sought. */
  readonly source: string;
  /** The key by which bounds count the caller, as `countedCaller`. */
  readonly counted: string | undefined;
}

export interface Shown {
  readonly clientId: number;
  readonly clock: number;
  /** When the state ends unless it is shown again, in epoch milliseconds; undefined while an event stream keeps it. */
  readonly endsAt: number | undefined;
}

/** The result of showing a state by a guest: it is shown, or is dropped at a bound. */
export type Showing = Shown | { readonly refusedAt: AwarenessBound };
