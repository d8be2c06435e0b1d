import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed, relayed } from "../../support/browser/page.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
/** Chromium logs these errors when a WebSocket cannot reach the server, or is refused by it. */
const unreachable = [/ERR_CONNECTION_REFUSED/, /WebSocket connection to .* failed/, /status of 40[13]/];

async function has(what: string, read: () => Promise<unknown>, expected: unknown): Promise<void> {
  let found: unknown;
  const holds = async () => {
    found = await read();
    return Bun.deepEquals(found, expected);
  };
  await eventually(what, holds).catch((error: Error) => {
    throw new Error(`${what} is ${JSON.stringify(found)}`, { cause: error });
  });
}

const diagram = async (demo: DemoPage) => [
  await demo.linkState("direct"),
  await demo.linkState("server"),
  await demo.linkState("others"),
];

const title = ({ page }: DemoPage) => page.getByRole("heading", { level: 1 }).textContent();

test("the diagram shows which links are connected, whatever the switches say", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("links");
  await has("the diagram of a window that is alone", () => diagram(alice), ["waiting", "connected", "waiting"]);
  const bob = await people.enter("links");
  await meshed([alice, bob]);
  await has("the diagram of two", () => diagram(alice), ["connected", "connected", "connected"]);
  await bob.turn("WebSocket", "off");
  await has("the diagram when Bob has left the server", () => diagram(alice), ["connected", "connected", "waiting"]);
  await has("Bob's diagram", () => diagram(bob), ["connected", "off", "connected"]);
  await eventually("Bob hears that Alice saves", async () => (await bob.syncText()).endsWith("which saves your edits"));
  expect(await bob.syncState()).toBe("shared");
  await alice.turn("Offline", "on");
  await has("the diagram offline", () => diagram(alice), ["off", "off", "off"]);
  expect(await title(alice)).toBe("You are offline");
});

test("a window that reaches others through the server only says so, and leads to the connection test", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("indirect");
  await relayed([alice, bob]);
  await bob.useOnly("WebSocket");
  await has("how Bob is reached", () => alice.reachOf(bob), "relay");
  const text = alice.page.locator('[data-transport="webrtc"] .link-state');
  await has("what is said of WebRTC", () => text.textContent(), "No direct connection. Why?");
  await text.getByRole("link", { name: "Why?" }).click();
  await alice.page.getByRole("heading", { name: "Connection test" }).waitFor();
});

test("the round trips to a peer and to the server are shown", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("latency");
  await Promise.all([meshed([alice, bob]), relayed([alice, bob])]);
  const row = alice.page.locator(`li[data-client-id="${await bob.clientId()}"]`);
  await eventually("the peer's", async () =>
    /^direct · <?\d+ ms$/.test((await row.locator(".reach").textContent()) ?? ""),
  );
  for (const transport of ["webrtc", "websocket"]) {
    const latency = alice.page.locator(`[data-transport="${transport}"] .latency`);
    await eventually(transport, async () => /^<?\d+ ms$/.test((await latency.textContent()) ?? ""));
  }
});

test("a window that goes offline shows the others as last seen, and again as reached when it is back", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("lost");
  await Promise.all([meshed([alice, bob]), relayed([alice, bob])]);
  await alice.turn("Offline", "on");
  await has("how Bob is reached", () => alice.reachOf(bob), "lost");
  const row = alice.page.locator(`li[data-client-id="${await bob.clientId()}"] .reach`);
  await eventually("when Bob was seen", async () => /^last seen /.test((await row.textContent()) ?? ""));
  await alice.turn("Offline", "off");
  await has("how Bob is reached", () => alice.reachOf(bob), "direct");
});

test("the headline says that the server stops, that it is gone, and that it is back", async () => {
  const dataFolder = await temporaryFolder();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dataFolder, { recursive: true, force: true }));
  await using first = await startTestServer({ dataFolder });
  await using people = chromium.people({ url: first.url, tolerated: unreachable });
  const alice = await people.enter("headline");
  await relayed([alice]);
  await has("the headline", () => title(alice), "Yurt is running");
  await alice.type("kept");
  await eventually("saved", async () => (await alice.syncState()) === "saved");
  await first.stop();
  await has("the headline of a restart", () => title(alice), "Yurt is restarting");
  expect(await diagram(alice)).toEqual(["waiting", "waiting", "off"]);
  await using _second = await startTestServer({ dataFolder, port: first.port });
  await has("the headline", () => title(alice), "Yurt is running");
  const step = alice.page.locator('[data-step="restart"]');
  await has("the step of the restart", () => step.getAttribute("data-done"), "true");
  await haveText([alice], "kept");
});

test("a page that loses its connection without a word, and gets no other one, says so", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, tolerated: unreachable });
  const alice = await people.enter("gone");
  await relayed([alice]);
  await alice.page.evaluate(() => {
    const { websocket } = globalThis.yurt;
    // Every further connection fails.
    if (websocket !== undefined) websocket.serverUrl = websocket.serverUrl.replace(/sync$/, "nowhere");
    websocket?.ws?.close();
  });
  await has("the headline", () => title(alice), "Yurt is not answering");
  expect(await alice.serverState()).toBe("down");
});

test("a server that denies access is shown as refusing, and takes a token that is pasted", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  await using people = chromium.people({ url: server.url, tolerated: unreachable });
  const alice = await people.enter("closed");
  await has("the headline", () => title(alice), "Token required");
  expect(await diagram(alice)).toEqual(["refused", "refused", "off"]);
  await alice.page.getByLabel("Token", { exact: true }).fill(await tokenFor({ closed: "write" }));
  const reloaded = alice.page.waitForEvent("load");
  await alice.page.getByRole("button", { name: "Enter the room" }).click();
  await reloaded;
  await alice.ready();
  await relayed([alice]);
  await has("the headline", () => title(alice), "Yurt is running");
  expect(await alice.page.locator(".token-form").count()).toBe(0);
});
