import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { pino } from "pino";
import { defaultLimits, type LimitName, type Limits, limitTable } from "../../../src/composition/settings/limits.ts";
import { serverOptionsOf } from "../../../src/composition/settings/settings.ts";
import { startServer } from "../../../src/server.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { accepted } from "../../support/servers/configurations.ts";
import { temporaryFolder } from "../../support/servers/start-test-server.ts";

/** Limits that note the names of those that are read. */
function noted(read: Set<string>): Limits {
  return new Proxy(
    { ...defaultLimits },
    {
      get(limits, name: LimitName) {
        read.add(name);
        return limits[name];
      },
    },
  );
}

test.each(["open", "token", "webhook"])(
  "a limit that the server reads when it starts is marked as one that needs a restart (%s)",
  async (mode) => {
    const data = await temporaryFolder();
    const read = new Set<string>();
    const webhook = mode === "webhook" ? { YURT_AUTH_WEBHOOK_URL: "http://127.0.0.1:1/" } : {};
    const { values } = accepted({
      YURT_DATA: data,
      YURT_PORT: "0",
      YURT_TURN_ENABLED: "false",
      YURT_AUTH_MODE: mode,
      ...webhook,
    });
    const server = await startServer({
      ...serverOptionsOf(values),
      limits: noted(read),
      log: pino({ level: "silent" }),
    });
    const readAtStart = [...read];
    await server.stop(closeReasons.restart);
    await rm(data, { recursive: true });
    // Token buckets begin full: their rates and bursts are read again for each token.
    const filled = ["upgradeBurst"];
    const fixed = readAtStart.filter((name) => !filled.includes(name));
    expect(fixed.length).toBeGreaterThan(10);
    expect(fixed.filter((name) => limitTable[name as LimitName].needsRestart !== true)).toEqual([]);
  },
);
