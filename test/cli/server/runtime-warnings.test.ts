import { expect, test } from "bun:test";
import { logRuntimeWarnings } from "../../../src/cli/server/runtime-warnings.ts";
import { eventually } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

test.skipIf(isMissing("postgres"))("the log has what the runtime's client of Postgres tells the console", async () => {
  const postgres = await PostgresServer.start();
  const before = console.warn;
  const { log, events } = recordedLog();
  try {
    await using database = postgres.connect(await postgres.newSchema());
    await database.listen("bell", () => {});
    logRuntimeWarnings(console, log);
    await postgres[Symbol.asyncDispose]();
    const found = () => events.find(({ event }) => event === "runtime-warning");
    await eventually("a warning", () => found() !== undefined);
    expect(found()).toMatchObject({ text: expect.stringContaining('LISTEN "bell" failed') });
  } finally {
    console.warn = before;
  }
});
