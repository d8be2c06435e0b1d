import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed, relayed } from "../support/browser/page.ts";
import { broadcastPeers, iceServers, selectedPairs } from "../support/browser/stats.ts";
import { storedContent, storedRows } from "../support/bytes/stored.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

async function talk(alice: DemoPage, bob: DemoPage, others: readonly DemoPage[] = []): Promise<void> {
  await alice.type("Hello ");
  await haveText([alice, bob, ...others], "Hello ");
  await bob.type("world");
  await haveText([alice, bob, ...others], "Hello world");
}

test("two browsers converge over WebRTC alone, and the relay receives nothing", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("direct");
  await meshed(pages);
  await Promise.all(pages.map((page) => page.useOnly("WebRTC")));
  const rows = storedRows(server.dataFolder);
  await talk(...pages);
  for (const page of pages) {
    await eventually("the connection has settled on a pair", async () => {
      return (await selectedPairs(page)).every(({ state, isNominated }) => state === "succeeded" && isNominated);
    });
    const pairs = await selectedPairs(page);
    expect(pairs).toEqual([
      expect.objectContaining({ state: "succeeded", isNominated: true, bytesSent: expect.any(Number) }),
    ]);
    expect(Math.min(...pairs.flatMap(({ bytesSent, bytesReceived }) => [bytesSent, bytesReceived]))).toBeGreaterThan(0);
    expect(pairs.flatMap(({ candidateTypes }) => candidateTypes)).not.toContain("relay");
    expect(await broadcastPeers(page)).toEqual([]);
    expect(await page.isOnRelay()).toBe(false);
  }
  expect(storedRows(server.dataFolder)).toBe(rows);
});

test("WebRTC uses no STUN server on another machine", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("no stun");
  await meshed(pages);
  const used = (await Promise.all(pages.map(iceServers))).flat();
  expect(used.filter((url) => !/^(stun|turn)s?:127\.0\.0\.1[:?]/.test(url))).toEqual([]);
});

test("two browsers converge over the relay alone", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("relayed");
  await Promise.all(pages.map((page) => page.useOnly("WebSocket")));
  await relayed(pages);
  const rows = storedRows(server.dataFolder);
  await talk(...pages);
  for (const page of pages) {
    expect(await page.peers()).toEqual([]);
    expect(await broadcastPeers(page)).toEqual([]);
  }
  expect(storedRows(server.dataFolder)).toBeGreaterThan(rows);
});

test("hybrid browsers converge directly and store everything, each edit once", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("hybrid");
  await Promise.all([meshed(pages), relayed(pages)]);
  await talk(...pages);
  // A row can have several edits: those of one member that arrive in one turn are joined.
  await eventually("everything is stored", async () => {
    const { clocks } = storedContent(server.dataFolder, "hybrid");
    const needed = Object.entries(await clocksOf(pages[0]));
    return needed.length > 1 && needed.every(([client, clock]) => (clocks[client] ?? 0) >= clock);
  });
  // The server handles a new client's request after all updates that were sent before it.
  const late = await people.enter("hybrid");
  await late.turn("WebRTC", "off");
  await haveText([late], "Hello world");
  const { clocks, length } = storedContent(server.dataFolder, "hybrid");
  expect(length).toBe(Object.values(clocks).reduce((sum, clock) => sum + clock, 0));
});

/** The clock of each client in a page's document. */
function clocksOf({ page }: DemoPage): Promise<Record<string, number>> {
  return page.evaluate(() => {
    const { Y, doc } = globalThis.yurt;
    return Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(doc)));
  });
}

test("two browsers that type at once, over both transports, end up with the same text", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("at once");
  await Promise.all([meshed(pages), relayed(pages)]);
  const [alice, bob] = pages;
  await Promise.all([alice.type("aaaaaaaaaaaaaaaaaaaa"), bob.type("bbbbbbbbbbbbbbbbbbbb")]);
  const complete = async () => {
    const [first, second] = await Promise.all([alice.text(), bob.text()]);
    return first === second && [...first].sort().join("") === `${"a".repeat(20)}${"b".repeat(20)}`;
  };
  await eventually("the same text, with all letters", complete);
});
