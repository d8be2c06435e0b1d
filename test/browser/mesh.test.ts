import { test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed } from "../support/browser/page.ts";
import { selectedPairs } from "../support/browser/stats.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

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

/** What each page announces reaches the server when the others are there already. */
async function announceLate({ page }: DemoPage): Promise<void> {
  await page.evaluate(() => {
    const send = WebSocket.prototype.send;
    // As y-webrtc encrypts it, an announcement is the only message of 132 characters.
    const isAnnouncement = (message: unknown) =>
      typeof message === "string" && /"type":"announce"|"data":"[^"]{132}"/.test(message);
    WebSocket.prototype.send = function (...args) {
      setTimeout(
        () => {
          if (this.readyState === WebSocket.OPEN) send.apply(this, args);
        },
        isAnnouncement(args[0]) ? 20 : 0,
      );
    };
  });
}

// Two who call each other at once can wait for each other's answers for ever: where both hear each other, about two of five
// such meetings fail.
test.each([
  ["a room", {}],
  ["a room with a password", { password: "open sesame" }],
])("two who enter %s in the same moment meet, each time", async (_, options) => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("moment", options);
  await meshed(pages);
  await Promise.all(pages.map(announceLate));
  for (let meeting = 0; meeting < 5; meeting += 1) {
    await Promise.all(pages.map((page) => page.turn("WebRTC", "off")));
    await eventually("they have parted", async () =>
      (await Promise.all(pages.map((page) => page.peers()))).every(({ length }) => length === 0),
    );
    await Promise.all(pages.map((page) => page.turn("WebRTC", "on")));
    await meshed(pages, 8_000);
  }
});
