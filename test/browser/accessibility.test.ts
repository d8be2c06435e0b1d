import { expect, test } from "bun:test";
import type { BrowserContextOptions } from "playwright-core";
import { seriousFaults } from "../support/browser/axe.ts";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { haveText, meshed } from "../support/browser/page.ts";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

test.each<[string, BrowserContextOptions]>([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone", phone],
  ["on a phone, dark", { ...phone, colorScheme: "dark" }],
])("axe finds no serious fault: %s", async (_, context) => {
  await using server = await startTestServer();
  // The content security policy would block axe like any other foreign script.
  await using people = chromium.people({ url: server.url, context: { ...context, bypassCSP: true } });
  const pages = await people.enterBoth("accessibility");
  await meshed(pages);
  await pages[0].type("something to look at");
  await haveText(pages, "something to look at");
  expect(await seriousFaults(pages[1].page)).toEqual([]);
  await pages[1].openInvitation();
  expect(await seriousFaults(pages[1].page)).toEqual([]);
});

test.each(["light", "dark"] as const)(
  "axe finds no serious fault where access is denied, offline, or read-only: %s",
  async (colorScheme) => {
    await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
    const tolerated = [/status of 40[13]/, /WebSocket connection to .* failed/];
    await using people = chromium.people({ url: server.url, tolerated, context: { colorScheme, bypassCSP: true } });
    const denied = await people.enter("closed");
    await denied.page.getByRole("button", { name: "Enter the room" }).waitFor();
    expect(await seriousFaults(denied.page)).toEqual([]);
    const reader = await people.enter("closed", { token: await tokenFor({ closed: "read" }) });
    await eventually("read-only", async () => (await reader.syncState()) === "read-only");
    expect(await seriousFaults(reader.page)).toEqual([]);
    await reader.turn("Offline", "on");
    await eventually("offline", async () => (await reader.serverState()) === "offline");
    expect(await seriousFaults(reader.page)).toEqual([]);
  },
);
