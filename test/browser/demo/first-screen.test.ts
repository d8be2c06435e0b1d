import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

test.each([
  ["a phone", 390, 844, ["h1", ".people", ".text", ".sync", ".board canvas"]],
  ["half a screen", 960, 1000, ["h1", ".people", ".diagram", ".switches", ".text", ".sync", ".board canvas"]],
  ["a laptop", 1280, 800, ["h1", ".people", ".diagram", ".switches", ".text", ".sync", ".board canvas", ".checklist"]],
] as const)("on %s, the first screen has all that matters", async (_, width, height, selectors) => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: { width, height } } });
  const { page } = await people.enter("first screen");
  const below = await page.evaluate<string[]>(
    `${JSON.stringify(selectors)}.filter((each) => document.querySelector(each).getBoundingClientRect().bottom > ${height})`,
  );
  expect(below).toEqual([]);
});
