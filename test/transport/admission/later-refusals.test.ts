import { expect, test } from "bun:test";
import { LimitedLog } from "../../../src/ops/limited-log.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { LaterRefusals } from "../../../src/transport/admission/later-refusals.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

function setUp() {
  const { log, events } = recordedLog();
  const metrics = createMetrics();
  const refusals = new LaterRefusals({ limitedLog: new LimitedLog(log, new FakeClock()), metrics });
  return { refusals, events, metrics };
}

test("a client beyond a limit of its address is in the log, with the address, the option and the remedy", async () => {
  const { refusals, events, metrics } = setUp();
  const response = refusals.refuse("address-rate", "192.0.2.1");
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(events).toEqual([
    {
      level: "warn",
      event: "upgrade-refused",
      reason: "address-rate",
      detail: "limits.address-upgrades-per-second",
      address: "192.0.2.1",
      remedy: expect.stringContaining("--proxy-trusted"),
    },
  ]);
  expect((await metrics.refusedUpgrades.get()).values).toEqual([{ labels: { reason: "address-rate" }, value: 1 }]);
});

test("a flood of refusals writes few lines, and hides none of another limit", () => {
  const { refusals, events } = setUp();
  for (let count = 0; count < 1_000; count += 1) refusals.refuse("address-connections", "192.0.2.1");
  expect(events).toHaveLength(20);
  refusals.refuse("connections", "192.0.2.2");
  expect(events.at(-1)).toMatchObject({ reason: "connections", detail: "limits.connections" });
});

test("a server that stops refuses all, and logs none of it", async () => {
  const { refusals, events, metrics } = setUp();
  expect(refusals.refuse("restart", "192.0.2.1").headers.get("retry-after")).toBe("2");
  expect([events, (await metrics.bounds.get()).values]).toEqual([[], []]);
});
