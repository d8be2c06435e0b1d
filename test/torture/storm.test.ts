import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { yWebsocket } from "../../scripts/torture/client/y-websocket-protocol.ts";
import { tortureByStorm } from "../../scripts/torture/storm.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("500 clients that reconnect at once after a restart are all synced in time", async () => {
  const dataFolder = await temporaryFolder();
  const { figures, faults } = await tortureByStorm({ clients: 500, dataFolder, protocol: yWebsocket });
  expect(faults).toEqual([]);
  expect(figures["clients"]).toBeGreaterThan(100);
  await rm(dataFolder, { recursive: true, force: true });
});
