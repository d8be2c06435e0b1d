import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { haveText, meshed, relayed } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

test("edits made offline stay in their window, and reach the others when it is online again", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("offline");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  await bob.turn("Offline", "on");
  await eventually("Bob is disconnected", async () => !(await bob.isOnRelay()) && (await bob.peers()).length === 0);
  await eventually("the page shows it", async () => (await bob.syncState()) === "offline");
  await bob.type("from Bob");
  await alice.type("from Alice");
  await relayed([alice]);
  expect(await alice.text()).toBe("from Alice");
  expect(await bob.text()).toBe("from Bob");
  await bob.turn("Offline", "off");
  await Promise.all([meshed(pages), relayed(pages)]);
  await eventually("both texts are everywhere", async () => {
    const texts = await Promise.all(pages.map((page) => page.text()));
    return texts.every((text) => text === texts[0] && text.includes("from Bob") && text.includes("from Alice"));
  });
  await eventually("all is saved", async () => (await bob.syncState()) === "saved");
});

test("with one transport off, the other one carries the edits, whichever it is", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("switching");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  await Promise.all(pages.map((page) => page.useOnly("WebSocket")));
  await alice.type("relay ");
  await haveText(pages, "relay ");
  await Promise.all(pages.map((page) => page.turn("WebRTC", "on")));
  await meshed(pages);
  await Promise.all(pages.map((page) => page.useOnly("WebRTC")));
  await bob.type("direct ");
  await haveText(pages, "relay direct ");
  await Promise.all(pages.map((page) => page.turn("WebSocket", "on")));
  await relayed(pages);
  await alice.type("both");
  await haveText(pages, "relay direct both");
  await eventually("both are listed everywhere", async () =>
    (await Promise.all(pages.map((page) => page.people.count()))).every((count) => count === 2),
  );
});

test("the page counts the messages of each transport", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("traffic");
  const [alice] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  const before = { direct: await alice.traffic("WebRTC"), relay: await alice.traffic("WebSocket") };
  await alice.type("counted");
  await haveText(pages, "counted");
  await eventually("both have grown", async () => {
    const direct = await alice.traffic("WebRTC");
    const relay = await alice.traffic("WebSocket");
    return direct.sent > before.direct.sent && relay.sent > before.relay.sent && relay.received > before.relay.received;
  });
});
