import { expect, test } from "bun:test";
import type { Page } from "puppeteer-core";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { launchFirefox } from "../support/browser/firefox.ts";
import { haveText, relayed } from "../support/browser/page.ts";
import { broadcastPeers } from "../support/browser/stats.ts";
import { findProgram, installCommand } from "../support/processes/programs.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
const firefoxPath = findProgram("firefox");
if (firefoxPath === undefined) {
  console.warn(`no Firefox found, its test is skipped. To install it: ${installCommand(["firefox"])}`);
}

const textOf = (page: Page): Promise<string> => page.evaluate(() => globalThis.yurt.doc.getText("text").toString());

async function type(page: Page, text: string): Promise<void> {
  await page.click('[role="textbox"][aria-label="Shared text"]');
  await page.keyboard.type(text);
}

test.skipIf(firefoxPath === undefined)(
  "Firefox and Chromium converge over WebRTC alone, and over the relay alone",
  async () => {
    await using server = await startTestServer();
    await using firefox = await launchFirefox(firefoxPath ?? "");
    await using people = chromium.people(server);
    const alice = await people.enter("firefox");
    const fox = await firefox.newPage();
    await fox.goto(`${server.url}/?room=firefox`);
    await eventually("they are connected", async () => (await alice.peers()).length === 1);
    await alice.useOnly("WebRTC");
    await alice.type("from Chromium ");
    await eventually("in Firefox", async () => (await textOf(fox)) === "from Chromium ");
    await type(fox, "and Firefox ");
    await haveText([alice], "from Chromium and Firefox ");
    expect(await broadcastPeers(alice)).toEqual([]);
    await alice.turn("WebSocket", "on");
    await alice.useOnly("WebSocket");
    await relayed([alice]);
    await alice.type("again");
    await eventually(
      "in Firefox, over the relay",
      async () => (await textOf(fox)) === "from Chromium and Firefox again",
    );
  },
  60_000,
);
