import { describe, expect, test } from "bun:test";
import { longestWaitMs, openClusterDatabase } from "../../../src/composition/cluster/open-cluster-database.ts";
import type { Clock } from "../../../src/lib/time/clock.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

const unused = () => "";

/** A clock whose timers are due as soon as they are set. */
function hastyClock(): Clock {
  const clock = new FakeClock();
  return Object.assign(Object.create(clock), {
    after: (delayMs: number, task: () => void) => {
      const cancel = clock.after(delayMs, task);
      queueMicrotask(() => clock.advance(delayMs));
      return cancel;
    },
    elapsedMs: () => clock.elapsedMs(),
  });
}

describe("a database that does not answer", () => {
  test("is waited for during a minute, and then refused", async () => {
    const log = recordedLog();
    const cluster = { url: new URL("postgres://yurt@localhost/yurt?path=/nonexistent/.s.PGSQL.5432") };
    const clock = hastyClock();
    const opening = openClusterDatabase({ cluster, password: unused, clock, log: log.log });
    const refusal = await opening.catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: "DatabaseUnusable", message: expect.stringContaining("does not answer") });
    expect(clock.elapsedMs()).toBeGreaterThan(longestWaitMs - 2_000);
    expect(log.events).toMatchObject([{ event: "database-awaited", withinMs: longestWaitMs }]);
  });

  test("is refused at once for what does not pass", async () => {
    const cluster = { url: new URL("postgres://yurt@localhost/yurt"), caFile: "/nonexistent/ca.pem" };
    const { events, log } = recordedLog();
    const opening = openClusterDatabase({ cluster, password: unused, clock: new FakeClock(), log });
    expect(await opening.catch(String)).toContain("/nonexistent/ca.pem cannot be read (ENOENT)");
    expect(events).toEqual([]);
  });
});
