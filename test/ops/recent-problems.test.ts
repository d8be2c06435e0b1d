import { expect, test } from "bun:test";
import { createLog } from "../../src/ops/log.ts";
import { RecentProblems } from "../../src/ops/recent-problems.ts";

function problemsOf(pretty: boolean) {
  const problems = new RecentProblems();
  const tap = (line: string) => problems.take(line);
  return { problems, log: createLog({ level: "info", pretty, destination: { write: () => {} }, tap }) };
}

test.each([false, true])(
  "warnings and errors are kept with their remedies, the latest first (pretty: %p)",
  (pretty) => {
    const { log, problems } = problemsOf(pretty);
    log.info({ event: "listening", port: 4444 });
    log.warn({ event: "near-limit", remedy: "Raise it.", open: 7 });
    log.error({ event: "store-failed", err: new Error("no space") });
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(problems.list()).toEqual([
      {
        ...{ time, level: "error", event: "store-failed", remedy: undefined },
        fields: expect.objectContaining({ err: expect.objectContaining({ message: "no space" }) }),
      },
      { time, level: "warn", event: "near-limit", remedy: "Raise it.", fields: { open: 7 } },
    ]);
  },
);

test("100 problems are kept, and of a long one only its event and remedy", () => {
  const { log, problems } = problemsOf(false);
  for (let count = 0; count < 101; count += 1) log.warn({ event: "counted", count });
  expect(problems.list().map(({ fields }) => fields["count"])).toEqual(
    Array.from({ length: 100 }, (_, index) => 100 - index),
  );
  log.error({ event: "long", remedy: "Shorten it.", text: "x".repeat(5_000) });
  expect(problems.list()[0]).toMatchObject({ event: "long", remedy: "Shorten it.", fields: {} });
});
