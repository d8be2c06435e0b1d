import * as Y from "yjs";
import { FastUpdate } from "../../../src/relay/update/fast/fast-update.ts";
import { updatesBefore, writerOf } from "./writing.ts";

export interface ArrivalsOptions {
  /** The number of writers in the room. */
  readonly writers: number;
  /** The number of the member itself, whose own updates are left out. */
  readonly own: number;
  /** The updates [first, end) of another writer have arrived. */
  readonly arrived: (writer: number, first: number, end: number) => void;
}

/** Finds in what one member of a room receives the updates of the others, each once. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #found = new FastUpdate();
  /** The number of updates that have arrived from each writer. */
  readonly #counts: Uint32Array;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
    this.#counts = new Uint32Array(options.writers);
  }

  /** Reads the update at [start, end), which may be several that were merged. */
  read(bytes: Uint8Array, start: number, end: number): void {
    const found = this.#found;
    if (found.read(bytes, start, end) && found.client >= 0) this.#reached(found.client, found.endClock);
    else for (const [client, clock] of Y.parseUpdateMeta(bytes.subarray(start, end)).to) this.#reached(client, clock);
  }

  #reached(clientId: number, clock: number): void {
    const writer = writerOf(clientId);
    const first = this.#counts[writer];
    const end = updatesBefore(clock);
    if (writer === this.#options.own || first === undefined || end <= first) return;
    this.#counts[writer] = end;
    this.#options.arrived(writer, first, end);
  }
}
