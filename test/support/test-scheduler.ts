import { defaultLimits, type Limits } from "../../src/composition/limits.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { systemClock } from "../../src/lib/time/clock.ts";
import { createMetrics, type Metrics } from "../../src/ops/metrics.ts";
import { Scheduler } from "../../src/transport/scheduling/scheduler.ts";

/** A scheduler in real time, for tests whose own clock stands still between real frames. */
export function testScheduler(limits: Limits = defaultLimits, metrics: Metrics = createMetrics()): Scheduler {
  const elapsedMs = () => performance.now();
  return new Scheduler({ limits, metrics, elapsedMs, clock: systemClock, addresses: new CountedAddresses() });
}
