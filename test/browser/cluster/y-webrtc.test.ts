import { afterAll, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { haveText, meshed } from "../../support/browser/page.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(60_000);

const chromium = openChromium();

describe.skipIf(isMissing("postgres"))("browsers on three nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("meet by y-webrtc, and edit without the relay", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    await using browsers = new AsyncDisposableStack();
    const pages = await Promise.all(cluster.nodes.map((node) => browsers.use(chromium.people(node)).enter("mesh")));
    await Promise.all(pages.map((page) => page.useOnly("WebRTC")));
    await meshed(pages, 30_000);
    await pages[0]?.type("from the first");
    await haveText(pages, "from the first");
  });
});
