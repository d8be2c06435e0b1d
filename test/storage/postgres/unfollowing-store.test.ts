import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresStore } from "../../../src/storage/postgres/postgres-store.ts";
import { updateOf } from "../../support/bytes/counting.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("a store that follows nobody, as that of a command", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  test("tells those that follow of deletions and purges at once, which need not look by themselves", async () => {
    const url = await server.newSchema();
    const command = await openPostgresStore({ url, clock: systemClock, metrics: createMetrics() });
    await command.append([{ document: "d", update: updateOf([1]) }]);
    // Its second does not pass.
    const node = await openPostgresStore({ url, clock: new FakeClock(), metrics: createMetrics() });
    const told: string[] = [];
    let next = Promise.withResolvers<void>();
    await node.follow({
      appended: () => {},
      changed: (document, kind) => {
        told.push(`${document} ${kind}`);
        next.resolve();
      },
      missed: () => next.reject(new Error("the node has missed something")),
      reverted: () => next.reject(new Error("nothing was lost")),
    });
    for (const change of ["delete", "undelete", "purge"] as const) {
      next = Promise.withResolvers<void>();
      await command[change]("d");
      await next.promise;
    }
    expect(told).toEqual(["d deleted", "d undeleted", "d purged"]);
    await Promise.all([command.close(), node.close()]);
  });
});
