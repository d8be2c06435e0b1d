import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hocuspocus, hocuspocusSessions } from "../../scripts/torture/client/hocuspocus-protocol.ts";
import { yWebsocket } from "../../scripts/torture/client/y-websocket-protocol.ts";
import { tortureByKilling } from "../../scripts/torture/kill.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test.each([
  ["y-websocket", [yWebsocket], 4],
  ["Hocuspocus", [hocuspocus, hocuspocusSessions], 4],
  ["both", [hocuspocus, yWebsocket], 2],
] as const)(
  "every update that a client received or that was acknowledged survives kill -9 at any moment: %s",
  async (_, protocols, rounds) => {
    const dataFolder = await temporaryFolder();
    const { figures, faults } = await tortureByKilling({ protocols, rounds, seed: 20_250_607, dataFolder });
    expect(faults).toEqual([]);
    // The first round of this seed is killed at a compaction, which needs much typing. The moments of the others are
    // random.
    expect(figures["updates received"]).toBeGreaterThan(200);
    expect(figures["updates acknowledged"]).toBeGreaterThan(20);
    await rm(dataFolder, { recursive: true, force: true });
  },
);

test.each([
  ["y-websocket", [yWebsocket]],
  ["Hocuspocus", [hocuspocus]],
] as const)("the torture reports a server that loses its last stored updates: %s", async (_, protocols) => {
  const dataFolder = await temporaryFolder();
  const { figures, faults } = await tortureByKilling({
    protocols,
    rounds: 2,
    seed: 1,
    dataFolder,
    damage: deleteLastRows,
  });
  expect(faults).not.toEqual([]);
  expect(figures["received clocks missing"]).toBeGreaterThan(0);
  expect(figures["acknowledged clocks missing"]).toBeGreaterThan(0);
  await rm(dataFolder, { recursive: true, force: true });
});

/** Deletes the journal, and the last ten rows of each document. */
function deleteLastRows(dataFolder: string): void {
  const database = new Database(join(dataFolder, "yurt.db"));
  database.run("DELETE FROM journal");
  database.run(`
    DELETE FROM updates WHERE id IN (
      SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY document ORDER BY id DESC) AS age FROM updates
      ) WHERE age <= 10
    )
  `);
  database.close(true);
}
