import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { peerJsPages, seenBy, sees, servePeerJsApp, talks } from "../../support/browser/peerjs-pages.ts";
import type { ServedSnippet } from "../../support/browser/snippet.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(60_000);

const chromium = openChromium();

describe.skipIf(isMissing("postgres"))("PeerJS clients on two nodes", () => {
  let app: ServedSnippet;
  let postgres: PostgresServer;

  beforeAll(async () => {
    [app, postgres] = await Promise.all([servePeerJsApp(), PostgresServer.start()]);
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("open a data connection; an id is unavailable, a reconnect takes it along, and an offer waits for a late peer", async () => {
    await using cluster = await TestCluster.start(2, postgres);
    const [here, there] = cluster.nodes;
    await using first = peerJsPages(chromium, app, here);
    await using second = peerJsPages(chromium, app, there);
    const [alice, bob] = [await first.open("alice", { token: "secret" }), await second.open("bob")];
    await sees(alice, "open as alice");
    await sees(bob, "open as bob");
    await talks(alice, "bob");
    await sees(bob, "alice says hello");

    const thief = await second.open("alice");
    await sees(thief, "error unavailable-id");
    expect(await seenBy(alice)).not.toContain("disconnected");

    const again = await second.open("alice", { token: "secret" });
    await sees(again, "open as alice");
    await sees(alice, "disconnected");
    await bob.evaluate(() => {
      globalThis.seen.length = 0;
    });
    await talks(bob, "alice");
    await sees(again, "bob says hello");

    // The page is opened in advance, because that may take longer than the five seconds.
    const late = await first.visit();
    await again.evaluate(() => {
      globalThis.call("nobody");
      globalThis.call("late");
    });
    await Bun.sleep(500);
    await first.enter(late, "late");
    await sees(late, "alice says hello");
    await sees(again, "late says hello yourself");
    await sees(again, "error peer-unavailable");
  });
});
