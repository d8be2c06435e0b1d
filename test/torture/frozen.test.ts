import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tortureByFreezing } from "../../scripts/torture/frozen.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("clients that are stopped while others type are gone in time, and all back within 10 s, each once", async () => {
  const dataFolder = await temporaryFolder();
  const limits = { idlePingMs: 1_000, pingAnswerMs: 500 };
  const { faults } = await tortureByFreezing({ clients: 20, frozenMs: 5_000, dataFolder, ...limits });
  expect(faults).toEqual([]);
  await rm(dataFolder, { recursive: true, force: true });
});
