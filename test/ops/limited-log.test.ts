import { expect, test } from "bun:test";
import { LimitedLog } from "../../src/ops/limited-log.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";

test("a flood of one event writes few lines, and the next line says how many were omitted", () => {
  const { log, events } = recordedLog();
  const clock = new FakeClock();
  const limited = new LimitedLog(log, clock);
  for (let count = 0; count < 1_000; count += 1) limited.info({ event: "closed", reason: "overloaded", count });
  expect(events).toHaveLength(20);
  expect(events[0]).toEqual({ level: "info", event: "closed", reason: "overloaded", count: 0 });
  clock.advance(1_000);
  limited.warn({ event: "closed", reason: "overloaded" });
  expect(events.at(-1)).toEqual({ level: "warn", event: "closed", reason: "overloaded", omitted: 980 });
  clock.advance(1_000);
  limited.warn({ event: "closed", reason: "overloaded" });
  expect(events.at(-1)).toEqual({ level: "warn", event: "closed", reason: "overloaded" });
});

test("errors that clients can cause are limited too", () => {
  const { log, events } = recordedLog();
  const limited = new LimitedLog(log, new FakeClock());
  for (let count = 0; count < 100; count += 1) limited.error({ event: "request-crashed", err: new Error("a bug") });
  expect(events).toHaveLength(20);
  expect(events[0]).toMatchObject({ level: "error", event: "request-crashed", err: { message: "a bug" } });
});

test("a flood of one reason hides no line of another", () => {
  const { log, events } = recordedLog();
  const limited = new LimitedLog(log, new FakeClock());
  for (let count = 0; count < 100; count += 1) limited.info({ event: "closed", reason: "timeout" });
  limited.info({ event: "closed", reason: "overloaded" });
  limited.info({ event: "opened", reason: "timeout" });
  expect(events.slice(20).map(({ event, reason }) => [event, reason])).toEqual([
    ["closed", "overloaded"],
    ["opened", "timeout"],
  ]);
});

test("lines with reasons in the words of others are limited by the kind that is given for them", () => {
  const { log, events } = recordedLog();
  const limited = new LimitedLog(log, new FakeClock());
  for (let count = 0; count < 100; count += 1)
    limited.info({ event: "denied", reason: `because of ${count}` }, "revoked");
  limited.info({ event: "denied", reason: "too late" }, "expired");
  expect(events).toHaveLength(20 + 1);
});

test("a log may have a rate of its own", () => {
  const { log, events } = recordedLog();
  const clock = new FakeClock();
  const limited = new LimitedLog(log, clock, { burst: 1, perSecond: 0.5 });
  for (let second = 0; second < 4; second += 1) {
    limited.warn({ event: "failed" });
    clock.advance(1_000);
  }
  expect(events).toEqual([
    { level: "warn", event: "failed" },
    { level: "warn", event: "failed", omitted: 1 },
  ]);
});
