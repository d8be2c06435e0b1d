import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { isOutcomeUnknown } from "./postgres-errors.ts";

/** As long as a restart of the database takes, about. A node that cannot reach it for longer is not ready. */
const patienceMs = 5_000;
/** The first attempt finds that a connection is broken, and the next ones that the others of the pool are. */
const backoff: Backoff = { firstMs: 1, maxMs: 500 };

export interface UntilReachableOptions {
  readonly clock: Pick<Clock, "after" | "elapsedMs">;
  /** Ends the waiting. */
  readonly isClosing: () => boolean;
}

/**
 * Runs `task`, and again while the database is out of reach, for some seconds. `task` only reads. Rejects with the error of
 * the last attempt.
 *
 * Without it, a restart of the database would end the sessions of all documents that are read meanwhile, and their clients
 * would come back all the time.
 */
export async function untilReachable<Result>(
  task: () => Promise<Result>,
  { clock, isClosing }: UntilReachableOptions,
): Promise<Result> {
  const startedAt = clock.elapsedMs();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await task();
    } catch (error) {
      const isLate = clock.elapsedMs() - startedAt >= patienceMs;
      if (isLate || isClosing() || !isOutcomeUnknown(error)) throw error;
      await new Promise<void>((resolve) => clock.after(backoffMs(attempt, backoff), resolve));
    }
  }
}
