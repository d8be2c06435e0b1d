import { expect, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";

test("a bound is counted by its option, whether it is named or begins a detail of the log", async () => {
  const { bounds } = createMetrics();
  bounds.met("limits.connections");
  bounds.detailed("limits.outbox-bytes: 70000 unsent bytes");
  bounds.detailed("limits.outbox-bytes");
  expect((await bounds.get()).values).toEqual([
    { labels: { bound: "limits.connections" }, value: 1 },
    { labels: { bound: "limits.outbox-bytes" }, value: 2 },
  ]);
});

test("a detail without a bound counts nothing, and one that a client could write counts as other", async () => {
  const { bounds } = createMetrics();
  bounds.detailed("not a message of this protocol");
  bounds.detailed("the message exceeds limits.outbox-bytes");
  expect((await bounds.get()).values).toEqual([]);
  bounds.detailed("limits.of-the-imagination");
  expect((await bounds.get()).values).toEqual([{ labels: { bound: "other" }, value: 1 }]);
});
