import { systemClock } from "../../../src/lib/time/clock.ts";
import { describeClock } from "../../contract/clock.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

describeClock("the system's clock", () => ({
  clock: systemClock,
  pass: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
}));

describeClock("the tests' clock", () => {
  const clock = new FakeClock();
  return {
    clock,
    pass: async (durationMs) => {
      await Promise.resolve();
      clock.runTurns();
      clock.advance(durationMs);
    },
  };
});
