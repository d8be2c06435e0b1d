import { expect, test } from "bun:test";
import { limitKeyOf } from "../../src/composition/settings/limit-options.ts";
import { LimitedLog } from "../../src/ops/limited-log.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { DroppedMessages } from "../../src/relay/dropped-messages.ts";
import { relayLimits } from "../../src/relay/limits.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

test("each drop is counted by its bound, and the first of each connection and bound is logged", async () => {
  const { log, events } = recordedLog();
  const metrics = createMetrics();
  const dropped = new DroppedMessages({ limitedLog: new LimitedLog(log, new FakeClock()), metrics });
  const [a, b] = [new FakeConnection("a"), new FakeConnection("b")];
  dropped.report(a, "limits.awareness-state-length", { count: 1, detail: "70000 characters" });
  dropped.report(a, "limits.awareness-state-length", { count: 5, detail: "70001 characters" });
  dropped.report(a, "limits.awareness-frame-bytes", { count: 1, detail: "2000000 bytes" });
  dropped.report(b, "limits.awareness-state-length", { count: 1, detail: "70000 characters" });
  const line = { level: "info", event: "message-dropped" };
  expect(events).toEqual([
    { ...line, reason: "limits.awareness-state-length", detail: "70000 characters" },
    { ...line, reason: "limits.awareness-frame-bytes", detail: "2000000 bytes" },
    { ...line, reason: "limits.awareness-state-length", detail: "70000 characters" },
  ]);
  const { values } = await metrics.droppedMessages.get();
  expect(values.map(({ labels, value }) => [labels.bound, value])).toEqual([
    ["limits.awareness-state-length", 7],
    ["limits.awareness-frame-bytes", 1],
  ]);
});

test("the bounds of awareness are options", () => {
  const names = Object.keys(relayLimits).filter((name) => name.startsWith("awareness"));
  expect(names.map(limitKeyOf).toSorted()).toEqual([
    "limits.awareness-broadcast-length",
    "limits.awareness-clients",
    "limits.awareness-clients-per-connection",
    "limits.awareness-frame-bytes",
    "limits.awareness-length",
    "limits.awareness-state-length",
  ]);
});
