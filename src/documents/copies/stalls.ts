import { untilAborted } from "../../lib/abortable-wait.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** The time after which a sender or a reader that does nothing is given up: it takes the place of others. */
const stalledAfterMs = 60_000;

/** Calls `stalled` once, unless `moved` is called again and again, or `stop`. After `stop`, `moved` begins anew. */
export class StallTimer {
  readonly #clock: Clock;
  readonly #stalled: () => void;
  #cancel: () => void;

  constructor(clock: Clock, stalled: () => void) {
    this.#clock = clock;
    this.#stalled = stalled;
    this.#cancel = clock.after(stalledAfterMs, stalled);
  }

  moved(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(stalledAfterMs, this.#stalled);
  }

  stop(): void {
    this.#cancel();
  }
}

/** The same chunks. Throws `SessionError` overloaded when the next one does not come in a minute. */
export async function* untilStalled<T>(chunks: AsyncIterable<T>, clock: Clock): AsyncGenerator<T> {
  const iterator = chunks[Symbol.asyncIterator]();
  const ending = new AbortController();
  const timer = new StallTimer(clock, () => {
    ending.abort(new SessionError(closeReasons.overloaded, "nothing has come for a minute"));
  });
  try {
    for (;;) {
      const { done, value } = await untilAborted(iterator.next(), ending.signal);
      if (done === true) return;
      // The time in which the chunk is handled is not the sender's.
      timer.stop();
      yield value;
      timer.moved();
    }
  } finally {
    timer.stop();
    // It waits for the chunk that does not come.
    iterator.return?.()?.catch(() => {});
  }
}
