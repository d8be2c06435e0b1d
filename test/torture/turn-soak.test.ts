import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tortureByTurnSoak } from "../../scripts/torture/turn-soak.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("TURN relays thousands of packets per second, loses none and keeps its memory", async () => {
  const dataFolder = await temporaryFolder();
  const { figures, faults } = await tortureByTurnSoak({ dataFolder, seconds: 6 });
  expect(faults).toEqual([]);
  expect(figures["packets relayed"]).toBeGreaterThan(1_000);
  await rm(dataFolder, { recursive: true, force: true });
}, 60_000);
