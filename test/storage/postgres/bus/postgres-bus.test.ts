import { afterAll, beforeAll, describe, setDefaultTimeout } from "bun:test";
import { type BusMedium, describeBus } from "../../../contract/bus.ts";
import { BusNodes } from "../../../support/cluster/bus-nodes.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";

setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("the bus in Postgres", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  describeBus("on notifications", async () => {
    const nodes = await BusNodes.on(server);
    return {
      open: async () => (await nodes.join()).bus,
      cut: (bus) => nodes.nodeOf(bus).proxy.cut(),
      heal: (bus) => nodes.nodeOf(bus).proxy.heal(),
      kill: (bus) => nodes.nodeOf(bus).proxy.cut(),
      loseNext: (bus) => nodes.loseNext(bus),
      close: () => nodes[Symbol.asyncDispose](),
    } satisfies BusMedium;
  });
});
