import { expect, test } from "bun:test";
import type { BrowserContextOptions } from "playwright-core";
import { openChromium } from "../support/browser/browser.ts";
import { type DemoPage, haveText, meshed } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** The parts of axe's results that this test reads. */
interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

async function seriousFaults({ page }: DemoPage): Promise<readonly string[]> {
  await page.addScriptTag({ path: Bun.resolveSync("axe-core/axe.min.js", import.meta.dir) });
  const results = await page.evaluate<AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map(({ html }) => html).join("\n")}`);
}

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
  expect(await seriousFaults(pages[1])).toEqual([]);
});
