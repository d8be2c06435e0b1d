import { test } from "bun:test";
import { openChromium } from "../support/browser.ts";
import { eventually } from "../support/browser-eventually.ts";
import { haveText, meshed } from "../support/browser-page.ts";
import { selectedPairs } from "../support/browser-stats.ts";
import { startTestServer } from "../support/start-test-server.ts";

const chromium = openChromium();

test.each([
  ["a room", {}],
  ["a room with a password", { password: "open sesame" }],
])(
  "eight browsers in %s reach a full mesh and converge without the relay",
  async (_, options) => {
    await using server = await startTestServer();
    await using people = chromium.people(server);
    const pages = await people.enterAll(8, "mesh", options);
    // Where there is a password, the relay has never been used.
    if (!("password" in options)) await Promise.all(pages.map((page) => page.useOnly("WebRTC")));
    await meshed(pages, 30_000);
    await pages[0]?.type("from the first");
    await haveText(pages, "from the first");
    await Promise.all(
      pages.map(({ page }, index) =>
        page.evaluate((letter) => globalThis.yurt.doc.getText("text").insert(0, letter), String(index)),
      ),
    );
    await eventually("the same text everywhere", async () => {
      const texts = await Promise.all(pages.map((page) => page.text()));
      return texts.every((text) => text === texts[0] && text.length === "from the first".length + pages.length);
    });
    // A pair that is being checked again is for that moment not one that has succeeded.
    await eventually("every connection has settled on a pair", async () => {
      const pairs = (await Promise.all(pages.map(selectedPairs))).flat();
      return pairs.filter(({ state, isNominated }) => state === "succeeded" && isNominated).length === 8 * 7;
    });
    await eventually("everyone lists everyone as reached directly", async () => {
      const direct = pages.map(({ people: list }) => list.and(list.page().locator("[data-reach=direct]")).count());
      return (await Promise.all(direct)).every((count) => count === 7);
    });
  },
  120_000,
);
