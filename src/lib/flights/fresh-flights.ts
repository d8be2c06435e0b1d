import { type Joining, SingleFlight } from "./single-flight.ts";

interface Runs {
  /** The runs that have begun. */
  begun: number;
  /** The callers that wait. */
  waiting: number;
  last: Promise<unknown>;
}

/**
 * One call per key at a time, and at most one that waits for its end. A caller gets the result of a call that begins after
 * it has joined, which it shares with all that have joined until then.
 */
export class FreshFlights<T> {
  readonly #flights = new SingleFlight<T>();
  readonly #keys = new Map<string, Runs>();

  /** The number of keys with callers. */
  get size(): number {
    return this.#keys.size;
  }

  /** As `SingleFlight.join`. */
  async join({ key, signal, call }: Joining<T>): Promise<T> {
    const runs = this.#runsOf(key);
    runs.waiting += 1;
    try {
      return await this.#flights.join({
        key: `${runs.begun} ${key}`,
        signal,
        call: (flightSignal) => {
          const result = runs.last.then(() => {
            // A caller that joins from now on needs a later call.
            runs.begun += 1;
            flightSignal.throwIfAborted();
            return call(flightSignal);
          });
          runs.last = result.catch(() => {});
          return result;
        },
      });
    } finally {
      runs.waiting -= 1;
      if (runs.waiting === 0 && this.#keys.get(key) === runs) this.#forget(key, runs);
    }
  }

  #runsOf(key: string): Runs {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const runs: Runs = { begun: 0, waiting: 0, last: Promise.resolve() };
    this.#keys.set(key, runs);
    return runs;
  }

  /** Forgets a key when the call that no caller waits for any more has ended. */
  #forget(key: string, runs: Runs): void {
    void runs.last.then(() => {
      if (runs.waiting === 0 && this.#keys.get(key) === runs) this.#keys.delete(key);
    });
  }
}
