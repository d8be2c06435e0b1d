import { expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { transact } from "../../../src/storage/postgres/transact.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

setDefaultTimeout(30_000);

test.skipIf(isMissing("postgres"))("two transactions that wait for each other both take effect", async () => {
  await using server = await PostgresServer.start({ settings: { deadlock_timeout: "50ms" } });
  await using pool = new SQL(await server.newSchema(), { max: 2 });
  await pool`CREATE TABLE rows (id int PRIMARY KEY, changes int)`;
  await pool`INSERT INTO rows VALUES (1, 0), (2, 0)`;
  let [attempts, holders] = [0, 0];
  const bothHold = Promise.withResolvers<void>();
  const change = (ids: readonly number[]) =>
    transact(pool, async (transaction) => {
      attempts += 1;
      for (const id of ids) {
        await transaction`UPDATE rows SET changes = changes + 1 WHERE id = ${id}`;
        holders += 1;
        if (holders === 2) bothHold.resolve();
        await bothHold.promise;
      }
    });
  await Promise.all([change([1, 2]), change([2, 1])]);
  // Postgres may end both when it looks at both at the same time.
  expect(attempts).toBeGreaterThan(2);
  expect([...(await pool`SELECT changes FROM rows ORDER BY id`)]).toEqual([{ changes: 2 }, { changes: 2 }]);
});
