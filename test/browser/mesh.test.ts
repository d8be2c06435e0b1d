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
    // In a room with a password, the relay is never used.
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
    // While a browser checks a pair again, the pair's state is not `succeeded`.
    await eventually("every connection has settled on a pair", async () => {
      const pairs = (await Promise.all(pages.map(selectedPairs))).flat();
      return pairs.filter(({ state, isNominated }) => state === "succeeded" && isNominated).length === 8 * 7;
    });
    await eventually("each window lists all others as direct", async () => {
      const direct = pages.map(({ people: list }) => list.and(list.page().locator("[data-reach=direct]")).count());
      return (await Promise.all(direct)).every((count) => count === 7);
    });
  },
  120_000,
);

/** Delays the page's announcements, so that they reach the server when the other page has joined already. */
async function announceLate({ page }: DemoPage): Promise<void> {
  await page.evaluate(() => {
    const send = WebSocket.prototype.send;
    // An announcement is the only message of 132 characters after y-webrtc has encrypted it.
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

// Two browsers that call each other at the same time may wait for each other's answers for ever. Without the server's help,
// about 40 % of such pairs never connect.
test.each([
  ["a room", {}],
  ["a room with a password", { password: "open sesame" }],
])("two browsers that join %s at the same moment connect, each time", async (_, options) => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("moment", options);
  await meshed(pages);
  await Promise.all(pages.map(announceLate));
  for (let meeting = 0; meeting < 5; meeting += 1) {
    await Promise.all(pages.map((page) => page.turn("WebRTC", "off")));
    await eventually("they are disconnected", async () =>
      (await Promise.all(pages.map((page) => page.peers()))).every(({ length }) => length === 0),
    );
    await Promise.all(pages.map((page) => page.turn("WebRTC", "on")));
    await meshed(pages, 8_000);
  }
});
