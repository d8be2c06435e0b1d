import { type Clock, systemClock } from "../../../src/lib/time/clock.ts";

/** A clock of real time that runs so many times as fast, for what waits for seconds and for a real database. */
export function fastClock(factor: number): Clock {
  return {
    ...systemClock,
    elapsedMs: () => systemClock.elapsedMs() * factor,
    after: (delayMs, task) => systemClock.after(delayMs / factor, task),
  };
}
