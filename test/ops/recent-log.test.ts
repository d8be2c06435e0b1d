import { expect, test } from "bun:test";
import { createLog } from "../../src/ops/log.ts";
import { RecentLog } from "../../src/ops/recent-log.ts";

function recentOf(pretty: boolean) {
  const recent = new RecentLog();
  const tap = (line: string) => recent.take(line);
  return { recent, log: createLog({ level: "info", pretty, destination: { write: () => {} }, tap }) };
}

test.each([false, true])(
  "warnings and errors are kept with their remedies, the latest first (pretty: %p)",
  (pretty) => {
    const { log, recent } = recentOf(pretty);
    log.info({ event: "listening", port: 4444 });
    log.warn({ event: "near-limit", remedy: "Raise it.", open: 7 });
    log.error({ event: "store-failed", err: new Error("no space") });
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(recent.problems).toEqual([
      {
        ...{ time, level: "error", event: "store-failed", remedy: undefined },
        fields: expect.objectContaining({ err: expect.objectContaining({ message: "no space" }) }),
      },
      { time, level: "warn", event: "near-limit", remedy: "Raise it.", fields: { open: 7 } },
    ]);
  },
);

test("100 problems are kept, and of a long one only its event and remedy", () => {
  const { log, recent } = recentOf(false);
  for (let count = 0; count < 101; count += 1) log.warn({ event: "counted", count });
  expect(recent.problems.map(({ fields }) => fields["count"])).toEqual(
    Array.from({ length: 100 }, (_, index) => 100 - index),
  );
  log.error({ event: "long", remedy: "Shorten it.", text: "x".repeat(5_000) });
  expect(recent.problems[0]).toMatchObject({ event: "long", remedy: "Shorten it.", fields: {} });
});

test("200 refusals are kept, and are no problems, whatever their level", () => {
  const { log, recent } = recentOf(false);
  log.warn({ event: "upgrade-refused", reason: "rate", address: "192.0.2.1" });
  for (let count = 0; count < 200; count += 1) log.info({ event: "access-denied", code: "expired", count });
  expect([recent.refusals.length, recent.problems]).toEqual([200, []]);
  expect(recent.refusals.map(({ fields }) => fields["count"])).toEqual(
    Array.from({ length: 200 }, (_, index) => 199 - index),
  );
});

test("a watcher is given every line that is written, until it stops", () => {
  const { log, recent } = recentOf(true);
  const lines: string[] = [];
  const stop = recent.watch((line) => lines.push(line));
  log.debug({ event: "not-written" });
  log.info({ event: "listening" });
  log.warn({ event: "near-limit" });
  stop();
  log.info({ event: "later" });
  expect(lines.map((line) => JSON.parse(line).event)).toEqual(["listening", "near-limit"]);
});
