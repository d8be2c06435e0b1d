import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tortureByIdling } from "../../scripts/torture/idle-proxy.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { findProgram } from "../support/processes/programs.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test.skipIf(findProgram("nginx") === undefined)("nginx closes no quiet connection before its timeout", async () => {
  const dataFolder = await temporaryFolder();
  const outcome = await tortureByIdling({
    dataFolder,
    idleMs: 8_000,
    timeouts: "    proxy_read_timeout 3s;",
    environment: { YURT_LIMITS_IDLE_PING_MS: "1500", YURT_LIMITS_PING_ANSWER_MS: "1000" },
  });
  expect(outcome.faults).toEqual([]);
  expect(outcome.figures["clients that stayed connected"]).toBe(4);
  await rm(dataFolder, { recursive: true, force: true });
});
