import type { Clock } from "../../lib/time/clock.ts";
import type { Turns } from "../../transport/work.ts";
import type { Steps } from "../update/large/steps.ts";

/** The turns of work that is done for no client: those of the event loop. */
export function turnsOf(clock: Pick<Clock, "afterTurn">): Pick<Turns, "wait"> {
  return { wait: (task) => clock.afterTurn(task) };
}

/**
 * Does work in steps, the first one at once and each other one in a turn of its own. `take` gets the result in the same
 * turn as the last step, so nothing has changed since. Returns a promise if there is more than one step.
 */
export function runInTurns<Result, Taken>(
  steps: Steps<Result>,
  turns: Pick<Turns, "wait">,
  take: (result: Result) => Taken,
): Taken | Promise<Awaited<Taken>> {
  const first = steps.next();
  if (first.done === true) return take(first.value);
  return new Promise<Taken>((resolve, reject) => {
    const next = () => {
      try {
        const { done, value } = steps.next();
        if (done === true) resolve(take(value));
        else turns.wait(next);
      } catch (error) {
        reject(error);
      }
    };
    turns.wait(next);
  }) as Promise<Awaited<Taken>>;
}
