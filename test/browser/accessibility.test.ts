import { expect, test } from "bun:test";
import type { BrowserContextOptions } from "playwright-core";
import { seriousFaults } from "../support/browser/axe.ts";
import { openChromium } from "../support/browser/browser.ts";
import { haveText, meshed } from "../support/browser/page.ts";
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
});
