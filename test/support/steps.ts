import type { Steps } from "../../src/relay/update/large/steps.ts";

/** Does all steps of some work, and `between` them what others do meanwhile. */
export function finish<Result>(steps: Steps<Result>, between: () => void = () => {}): Result {
  let step = steps.next();
  while (step.done !== true) {
    between();
    step = steps.next();
  }
  return step.value;
}
