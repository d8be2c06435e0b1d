import { expect, test } from "bun:test";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type Outbox, Outboxes } from "../../../src/transport/outboxes/outboxes.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp(outboxesBytes: number) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const outboxes = new Outboxes({ limits: { outboxesBytes }, addresses: new CountedAddresses(), clock, metrics });
  const dropped: string[] = [];
  const open = (name: string, remoteAddress: string): Outbox => ({
    remoteAddress,
    drop: (detail) => dropped.push(`${name}, ${detail}`),
  });
  return { clock, metrics, outboxes, dropped, open };
}

test("the outboxes of the address with most unsent bytes are dropped, the largest first, until the rest fits", () => {
  const { clock, outboxes, dropped, open } = setUp(100);
  outboxes.count(open("honest", "192.0.2.1"), 45);
  for (const [name, bytes] of [
    ["a", 20],
    ["b", 30],
    ["c", 10],
  ] as const)
    outboxes.count(open(name, "192.0.2.2"), bytes);
  expect(dropped).toEqual([]);
  clock.runTurns();
  expect(dropped).toEqual(["b, limits.outboxes-bytes: 30 unsent bytes"]);
});

test("bytes that were sent count no more", async () => {
  const { clock, metrics, outboxes, dropped, open } = setUp(100);
  const slow = open("slow", "192.0.2.1");
  outboxes.count(slow, 90);
  outboxes.count(slow, 40);
  outboxes.count(open("other", "192.0.2.2"), 60);
  clock.runTurns();
  expect(dropped).toEqual([]);
  expect(await metrics.registry.metrics()).toContain('yurt_budget_used_bytes{budget="outboxes"} 100');
  outboxes.count(slow, 0);
  expect(await metrics.registry.metrics()).toContain('yurt_budget_used_bytes{budget="outboxes"} 60');
});

test("clients of this machine are alone, however many they are", () => {
  const { clock, outboxes, dropped, open } = setUp(100);
  for (let index = 0; index < 5; index += 1) outboxes.count(open(`local ${index}`, "127.0.0.1"), 15);
  outboxes.count(open("remote", "192.0.2.2"), 30);
  clock.runTurns();
  expect(dropped).toEqual(["remote, limits.outboxes-bytes: 30 unsent bytes"]);
});
