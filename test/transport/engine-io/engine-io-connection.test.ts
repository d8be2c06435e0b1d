import { expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { EngineIoConnection } from "../../../src/transport/engine-io/engine-io-connection.ts";
import { Outboxes } from "../../../src/transport/outboxes/outboxes.ts";
import { Scheduler } from "../../../src/transport/scheduling/scheduler.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { testPulse } from "../../support/test-pulse.ts";

test("a session that ends while a frame is written counts no unsent bytes", async () => {
  const metrics = createMetrics();
  const clock = new FakeClock();
  const shared = { limits: defaultLimits, addresses: new CountedAddresses(), clock, metrics };
  const connection: EngineIoConnection = new EngineIoConnection({
    id: "engine.io 1",
    protocol: "peers",
    openedAt: 0,
    remoteAddress: "192.0.2.1",
    session: { write: () => connection.lost(), ping: () => {}, close: () => {} },
    owner: { closed: () => {}, failed: () => {} },
    scheduler: new Scheduler({ ...shared, pulse: testPulse(clock), elapsedMs: () => 0 }),
    outboxes: new Outboxes(shared),
    limits: defaultLimits,
    traffic: metrics.traffic.of("peers"),
  });
  connection.send("message");
  expect(await metrics.registry.metrics()).toContain('\nyurt_budget_used_bytes{budget="outboxes"} 0\n');
});
