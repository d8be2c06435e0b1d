import { expect, test } from "bun:test";
import type { Locator } from "playwright-core";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, haveText, meshed } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

function controls({ page, editor }: DemoPage): ReadonlyMap<string, Locator> {
  return new Map([
    ["Shared text", editor],
    ...["WebRTC", "WebSocket", "Offline"].map(
      (name) => [name, page.getByRole("switch", { name, exact: true })] as const,
    ),
    ...["Your name", "Your colour"].map((name) => [name, page.getByLabel(name, { exact: true })] as const),
    ...["+1", "Pen", "Eraser", "Your colour for drawing", "Undo", "Clear board", "Invite", "Copy code"].map(
      (name) => [name, page.getByRole("button", { name, exact: true })] as const,
    ),
    ["y-websocket", page.getByRole("tab", { name: "y-websocket" })],
    ["Shared board", page.getByLabel("Shared board")],
    ["Open a second window", page.getByRole("link", { name: "Open a second window" })],
  ]);
}

const isFocused = (control: Locator): Promise<boolean> =>
  control.evaluateAll((elements) => elements.some((element) => element.matches(":focus")));

/** Presses Tab until the control has the focus. */
async function tabTo(demo: DemoPage, control: Locator): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await isFocused(control)) return;
    await demo.page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${control}`);
}

test("Tab reaches every control, and leaves it again", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("tab");
  // Undo and clear are disabled while there is nothing to undo and to clear.
  await alice.page.getByLabel("Shared board").focus();
  for (const key of [" ", "ArrowRight", " "]) await alice.page.keyboard.press(key);
  await alice.editor.focus();
  const unreached = new Map(controls(alice));
  for (let presses = 0; presses < 60 && unreached.size > 0; presses += 1) {
    await alice.page.keyboard.press("Tab");
    for (const [name, control] of unreached) if (await isFocused(control)) unreached.delete(name);
  }
  expect([...unreached.keys()]).toEqual([]);
});

test("the keyboard alone is enough to type, count and switch", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("keys");
  const [alice, bob] = pages;
  await meshed(pages);
  await tabTo(alice, alice.editor);
  await alice.page.keyboard.type("by keyboard");
  await haveText(pages, "by keyboard");
  await tabTo(alice, alice.page.getByRole("button", { name: "+1" }));
  await alice.page.keyboard.press("Enter");
  await alice.page.keyboard.press("Space");
  await eventually("counted to two", async () => (await bob.page.locator("[data-counter]").textContent()) === "2");
  await tabTo(alice, alice.page.getByRole("switch", { name: "WebSocket", exact: true }));
  await alice.page.keyboard.press("Space");
  await eventually("the relay is left", async () => !(await alice.isOnRelay()));
});
