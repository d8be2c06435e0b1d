import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed } from "../../support/browser/page.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

/** The URLs of the servers that the page's next connection will use. */
function nextServers({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate(() => {
    const { iceServers = [] }: { iceServers?: { urls: string | string[] }[] } =
      globalThis.yurt.webrtc.peerOpts.config ?? {};
    return iceServers.flatMap(({ urls }) => urls);
  });
}

test("the page asks the server for ICE servers, and again before their credentials expire", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("renewed");
  expect(await nextServers(alice)).toEqual([]);
  let answers = 0;
  await alice.page.route("**/ice?*", (route) => {
    answers += 1;
    const iceServers = [{ urls: `stun:127.0.0.1:${answers}` }];
    return route.fulfill({ json: { iceServers, ttl: 8 } });
  });
  await alice.page.reload();
  await alice.ready();
  await eventually("the first answer", async () => (await nextServers(alice)).includes("stun:127.0.0.1:1"));
  await eventually("the second answer", async () => (await nextServers(alice)).includes("stun:127.0.0.1:2"));
  expect(await nextServers(alice)).toHaveLength(1);
});

test("without an answer of /ice, WebRTC connects all the same", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, tolerated: [/status of 503/] });
  const pages = await people.enterBoth("no answer");
  for (const { page } of pages) await page.route("**/ice?*", (route) => route.fulfill({ status: 503 }));
  await Promise.all(pages.map(({ page }) => page.reload()));
  await Promise.all(pages.map((page) => page.ready()));
  await meshed(pages);
});

/** Reconnects the page's WebRTC through TURN alone, over one transport. */
async function connectThroughTurn(demo: DemoPage, transport: "udp" | "tcp"): Promise<void> {
  await demo.turn("WebRTC", "off");
  await demo.page.evaluate((kept) => {
    const { config } = globalThis.yurt.webrtc.peerOpts;
    config.iceTransportPolicy = "relay";
    for (const server of config.iceServers) {
      server.urls = [server.urls].flat().filter((url: string) => url.includes(`transport=${kept}`));
    }
    config.iceServers = config.iceServers.filter(({ urls }: { urls: string[] }) => urls.length > 0);
  }, transport);
}

test.each(["udp", "tcp"] as const)(
  "a person who is reached through TURN over %s is shown so, with the round trip",
  async (transport) => {
    await using server = await startTestServer({ turn: {} });
    await using people = chromium.people(server);
    const pages = await people.enterBoth("relayed by turn");
    const [alice, bob] = pages;
    await meshed(pages);
    await Promise.all(pages.map((page) => connectThroughTurn(page, transport)));
    await Promise.all(pages.map((page) => page.turn("WebRTC", "on")));
    await meshed(pages);
    await Promise.all(pages.map((page) => page.turn("WebSocket", "off")));
    await alice.type("through TURN");
    await haveText(pages, "through TURN");
    await eventually("shown as TURN", async () => (await alice.reachOf(bob)) === "turn");
    const row = alice.page.locator(`li[data-client-id="${await bob.clientId()}"] .reach`);
    const pattern = new RegExp(`^TURN \\(${transport}\\) · <?\\d+ ms$`);
    await eventually("with transport and round trip", async () => pattern.test((await row.textContent()) ?? ""));
    expect(await alice.page.locator(".way-label").textContent()).toBe("TURN");
    expect(await alice.linkState("direct")).toBe("connected");
  },
);
