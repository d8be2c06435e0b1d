import { defaultLimits, type Limits } from "../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { systemClock } from "../../src/lib/time/clock.ts";
import { createMetrics, type Metrics } from "../../src/ops/metrics.ts";
import { Outboxes } from "../../src/transport/outboxes/outboxes.ts";
import { Scheduler } from "../../src/transport/scheduling/scheduler.ts";
import { testPulse } from "./test-pulse.ts";

/** The shares of connections, in real time: for tests whose own clock stands still between real frames. */
export function testShares(limits: Limits = defaultLimits, metrics: Metrics = createMetrics()) {
  const pulse = testPulse(systemClock);
  const shared = { limits, metrics, clock: systemClock, pulse, addresses: new CountedAddresses() };
  return {
    pulse,
    scheduler: new Scheduler({ ...shared, elapsedMs: () => performance.now() }),
    outboxes: new Outboxes(shared),
  };
}
