import type { Clock } from "../../src/lib/time/clock.ts";
import { Pulse } from "../../src/lib/time/pulse.ts";

/** A pulse as a server has it, on the test's clock. */
export function testPulse(clock: Clock): Pulse {
  return new Pulse({ intervalMs: 200, clock });
}
