import { afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { yWebsocket } from "../../scripts/torture/client/y-websocket-protocol.ts";
import { tortureByFetching, tortureBySlowJoining } from "../../scripts/torture/joiners.ts";
import { tortureByStalling } from "../../scripts/torture/stall.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

let dataFolder: string;

beforeAll(ensureExecutable);

beforeEach(async () => {
  dataFolder = await temporaryFolder();
});

afterEach(async () => {
  await rm(dataFolder, { recursive: true, force: true });
});

test("a reader that stalls is disconnected, and the other members lose nothing", async () => {
  const { faults } = await tortureByStalling({ updates: 3_000, dataFolder, protocol: yWebsocket });
  expect(faults).toEqual([]);
});

test("a client that joins a large document over a slow link syncs while others edit, and gets every edit", async () => {
  const options = { megabytes: 20, bytesPerSecond: 6_000_000, dataFolder, protocol: yWebsocket };
  const { figures, faults } = await tortureBySlowJoining(options);
  expect(faults).toEqual([]);
  expect(figures["edits until synced"]).toBeGreaterThan(20);
});

test("20 clients that fetch 10 MB at once do not need 20 copies", async () => {
  const { faults } = await tortureByFetching({ megabytes: 10, dataFolder, protocol: yWebsocket });
  expect(faults).toEqual([]);
});
