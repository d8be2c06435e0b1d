import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { yWebsocket } from "../../scripts/torture/client/y-websocket-protocol.ts";
import { tortureByFullDisk } from "../../scripts/torture/disk-full.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { smallDiskTrouble } from "../support/processes/small-disk.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

const trouble = smallDiskTrouble();
if (trouble !== undefined) console.warn(`the test of a full disk is skipped: ${trouble}`);

beforeAll(ensureExecutable);

test.skipIf(trouble !== undefined)(
  "a full disk: nothing is acknowledged or forwarded, and once there is room again, all updates are stored and nothing is lost",
  async () => {
    const dataFolder = await temporaryFolder();
    const { figures, faults } = await tortureByFullDisk({ dataFolder, protocol: yWebsocket });
    expect(faults).toEqual([]);
    expect(figures["waiting updates"]).toBeGreaterThan(0);
    await rm(dataFolder, { recursive: true, force: true });
  },
);
