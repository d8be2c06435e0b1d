import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed, relayed } from "../../support/browser/page.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

/** The steps that a page shows as done. */
function done({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate<string[]>(
    '[...document.querySelectorAll("[data-step][data-done=true]")].map((item) => item.dataset.step)',
  );
}

const ticked = (demo: DemoPage, step: string) =>
  eventually(`${step} is ticked`, async () => (await done(demo)).includes(step));

test("the checklist ticks itself as its steps are taken, is no part of the document, and survives a reload", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("steps");
  await relayed([alice]);
  expect(await done(alice)).toEqual([]);
  const bob = await people.enter("steps");
  await Promise.all([meshed([alice, bob]), relayed([alice, bob])]);
  await ticked(alice, "second-window");
  await alice.useOnly("WebSocket");
  expect(await done(alice)).toEqual(["second-window"]);
  await alice.type("a");
  await ticked(alice, "without-webrtc");
  await alice.turn("Offline", "on");
  await alice.type("b");
  await alice.turn("Offline", "off");
  await ticked(alice, "offline");
  await haveText([alice, bob], "ab");
  expect((await done(alice)).includes("restart")).toBe(false);
  expect(await done(bob)).toEqual(["second-window"]);
  await alice.page.reload();
  await alice.ready();
  expect(await done(alice)).toEqual(["second-window", "without-webrtc", "offline"]);
});
