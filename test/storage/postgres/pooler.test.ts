import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresStore } from "../../../src/storage/postgres/postgres-store.ts";
import { updateOf } from "../../support/bytes/counting.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PgBouncer } from "../../support/programs/pgbouncer.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const ignored = { ignore_startup_parameters: "lock_timeout, idle_in_transaction_session_timeout" };
const remedy = "Connect to Postgres itself, and not to a transaction pooler, such as PgBouncer in transaction mode.";

describe.skipIf(isMissing("postgres") || isMissing("pgbouncer"))("a database behind PgBouncer", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });

  afterAll(() => postgres[Symbol.asyncDispose]());

  /** Opens a store, and follows the others. Returns why that is refused; undefined if it is not. */
  async function refusal({ url }: PgBouncer): Promise<string | undefined> {
    try {
      const store = await openPostgresStore({ url, metrics: createMetrics() });
      try {
        await store.follow({ appended: () => {}, changed: () => {}, missed: () => {}, reverted: () => {} });
        expect(await store.append([{ document: "d", update: updateOf([1]) }])).toHaveLength(1);
      } finally {
        await store.close();
      }
      return undefined;
    } catch (error) {
      expect(error).toMatchObject({ name: "DatabaseUnusable" });
      return Error(String(error)).message;
    }
  }

  test("is used in session mode, with the settings of the documentation", async () => {
    await using bouncer = await PgBouncer.start(postgres, { mode: "session", settings: ignored });
    expect(await refusal(bouncer)).toBeUndefined();
  });

  test("is refused in transaction mode, with the remedy", async () => {
    await using bouncer = await PgBouncer.start(postgres, { mode: "transaction", settings: ignored });
    expect(await refusal(bouncer)).toEndWith(remedy);
  });

  test("is refused with the setting that it needs", async () => {
    await using bouncer = await PgBouncer.start(postgres, { mode: "session" });
    expect(await refusal(bouncer)).toEndWith(
      "unsupported startup parameter: lock_timeout. Connect to Postgres itself, or have PgBouncer ignore the parameter, in session mode.",
    );
  });
});
