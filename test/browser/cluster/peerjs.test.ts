import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { peerJsPages, seenBy, sees, servePeerJsApp, talks } from "../../support/browser/peerjs-pages.ts";
import type { ServedSnippet } from "../../support/browser/snippet.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { tuple } from "../../support/tuple.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(90_000);

const chromium = openChromium();

describe.skipIf(isMissing("postgres"))("PeerJS clients on three nodes", () => {
  let app: ServedSnippet;
  let postgres: PostgresServer;
  let cluster: TestCluster<3>;

  beforeAll(async () => {
    [app, postgres] = await Promise.all([servePeerJsApp(), PostgresServer.start()]);
    cluster = await TestCluster.start(3, postgres);
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await postgres[Symbol.asyncDispose]();
  });

  /** Pages of each node. */
  function pagesOf(opened: AsyncDisposableStack) {
    return tuple(
      3,
      cluster.nodes.map((node) => opened.use(peerJsPages(chromium, app, node))),
    );
  }

  test("meet: each opens data connections to those on both other nodes", async () => {
    await using opened = new AsyncDisposableStack();
    const ids = ["alice", "bob", "carol"];
    const pages = await Promise.all(pagesOf(opened).map(({ open }, index) => open(ids[index])));
    await Promise.all(pages.map((page, index) => sees(page, `open as ${ids[index]}`)));
    for (const [index, page] of pages.entries())
      for (const called of ids.toSpliced(index, 1)) await talks(page, called);
    for (const [index, page] of pages.entries())
      expect(await seenBy(page)).toEqual(
        expect.arrayContaining(ids.toSpliced(index, 1).map((id) => `${id} says hello`)),
      );
  });

  test("have ids that are unavailable on the other nodes; a reconnect takes one along, and an offer waits for a late peer", async () => {
    await using opened = new AsyncDisposableStack();
    const [first, second, third] = pagesOf(opened);
    const [dave, erin] = [await first.open("dave", { token: "secret" }), await second.open("erin")];
    await sees(dave, "open as dave");
    await sees(erin, "open as erin");

    for (const { open } of [second, third]) await sees(await open("dave"), "error unavailable-id");
    expect(await seenBy(dave)).not.toContain("disconnected");

    const again = await third.open("dave", { token: "secret" });
    await sees(again, "open as dave");
    await sees(dave, "disconnected");
    await talks(erin, "dave");
    await sees(again, "erin says hello");

    // The page is opened in advance, because that may take longer than the five seconds.
    const late = await first.visit();
    await again.evaluate(() => {
      globalThis.call("nobody");
      globalThis.call("late");
    });
    await Bun.sleep(500);
    await first.enter(late, "late");
    await sees(late, "dave says hello");
    await sees(again, "late says hello yourself");
    await sees(again, "error peer-unavailable");
  });

  test("that ask for one id at the same moment have it once", async () => {
    await using opened = new AsyncDisposableStack();
    const nodes = pagesOf(opened);
    const pages = await Promise.all(nodes.map(({ visit }) => visit()));
    for (const id of ["frank", "grace", "heidi"]) {
      const entered = nodes.map(async ({ enter }, index) => {
        const page = pages[index];
        if (page !== undefined) await enter(page, id);
      });
      await Promise.all(entered);
      const outcomes = (await Promise.all(pages.map(outcomeOf))).toSorted();
      expect(outcomes).toEqual(["error unavailable-id", "error unavailable-id", `open as ${id}`]);
      await Promise.all(pages.map(forget));
    }
  });
});

/** The first event of the client of a page. */
async function outcomeOf(page: Page): Promise<string> {
  let seen: readonly string[] = [];
  await eventually("an outcome", async () => {
    seen = await seenBy(page);
    return seen.length > 0;
  });
  return seen[0] ?? "";
}

async function forget(page: Page): Promise<void> {
  await page.evaluate(() => {
    globalThis.peer.destroy();
    globalThis.seen = [];
  });
}
