import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { tortureWebhooks } from "../../scripts/torture/webhooks/webhooks.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("a change webhook is told of everything in order, although the server is killed again and again", async () => {
  const dataFolder = await temporaryFolder();
  const { figures, faults } = await tortureWebhooks({ rounds: 5, seed: 1, dataFolder });
  expect(faults).toEqual([]);
  expect(figures["messages accepted"]).toBeGreaterThan(50);
  expect(figures["messages refused"]).toBeGreaterThan(5);
  await rm(dataFolder, { recursive: true, force: true });
}, 120_000);

test.each([
  ["messages that wait", "DELETE FROM webhook_messages"],
  ["what was not reported", "UPDATE webhook_cursors SET sequence = sequence + 1000000000"],
])(
  "the torture reports a server that loses %s",
  async (_, damage) => {
    const dataFolder = await temporaryFolder();
    const { faults } = await tortureWebhooks({
      rounds: 2,
      seed: 2,
      dataFolder,
      settleMs: 1_000,
      damage: (folder) => {
        const database = new Database(join(folder, "yurt.db"));
        database.run(damage);
        database.close(true);
      },
    });
    expect(faults).not.toEqual([]);
    await rm(dataFolder, { recursive: true, force: true });
  },
  120_000,
);
