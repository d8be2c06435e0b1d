import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { tortureByRequests } from "../../scripts/torture/requests.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("no update that was confirmed by HTTP is lost by kill -9, and no document is back that was deleted", async () => {
  const dataFolder = await temporaryFolder();
  const { faults, figures } = await tortureByRequests({ rounds: 4, seed: 20_261_130, dataFolder });
  expect(faults).toEqual([]);
  expect(figures["updates confirmed"]).toBeGreaterThan(100);
  expect(figures["deletions confirmed"]).toBeGreaterThan(1);
  expect(figures["purges confirmed"]).toBeGreaterThan(0);
  expect(figures["compactions counted"]).toBeGreaterThan(0);
  await rm(dataFolder, { recursive: true, force: true });
}, 60_000);

test.each([
  ["updates", "DELETE FROM journal; DELETE FROM updates WHERE id % 2 = 0"],
  ["deletions", "UPDATE documents SET deleted_at = NULL"],
])(
  "the torture reports a server that loses %s",
  async (_, damage) => {
    const dataFolder = await temporaryFolder();
    const { faults } = await tortureByRequests({
      // A round may end before there is anything to damage.
      rounds: 6,
      seed: 7,
      dataFolder,
      damage: (folder) => {
        const database = new Database(join(folder, "yurt.db"));
        database.run(damage);
        database.close(true);
      },
    });
    expect(faults).not.toEqual([]);
    await rm(dataFolder, { recursive: true, force: true });
  },
  60_000,
);
