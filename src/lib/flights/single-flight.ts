import { untilAborted } from "../abortable-wait.ts";

interface Flight<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}

/** One caller's part in a shared call. */
export interface Joining<T> {
  readonly key: string;
  /** Ends this caller's wait alone. */
  readonly signal: AbortSignal;
  /** Starts the call; used when none for this key is in progress. Its signal aborts when no caller waits any more. */
  readonly call: (signal: AbortSignal) => Promise<T>;
}

/** One call per key at a time. Callers that join with the same key meanwhile share its result. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Settles as the call does, or rejects with the reason of the caller's signal, whichever is first. */
  async join({ key, signal, call }: Joining<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, call);
    flight.waiting += 1;
    try {
      return await untilAborted(flight.result, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#abandon(key, flight);
    }
  }

  #start(key: string, call: Joining<T>["call"]): Flight<T> {
    const controller = new AbortController();
    const result = call(controller.signal).finally(() => this.#forget(key, flight));
    const flight: Flight<T> = { controller, result, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Aborts a call that has no callers left. A call that has completed is no longer registered, and nothing happens. */
  #abandon(key: string, flight: Flight<T>): void {
    if (this.#forget(key, flight)) flight.controller.abort();
  }

  #forget(key: string, flight: Flight<T>): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key);
  }
}
