import { describe, expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, meshed, relayed, type Transport } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

async function call(demo: DemoPage, name: string): Promise<void> {
  await demo.page.getByLabel("Your name").fill(name);
  await demo.page.getByLabel("Your name").blur();
}

async function listed(demo: DemoPage, name: string): Promise<void> {
  await eventually(`${name} is listed`, async () => (await demo.people.filter({ hasText: name }).count()) === 1);
}

describe.each<Transport>(["WebRTC", "WebSocket"])("over %s alone", (transport) => {
  test("people see each other's names, cursors and selections", async () => {
    await using server = await startTestServer();
    await using people = chromium.people(server);
    const pages = await people.enterBoth("presence");
    const [alice, bob] = pages;
    await (transport === "WebRTC" ? meshed(pages) : relayed(pages));
    await Promise.all(pages.map((page) => page.useOnly(transport)));
    await call(alice, "Alice");
    await call(bob, "Bob");
    await listed(alice, "Bob");
    await listed(bob, "Alice");
    await alice.type("to be selected");
    await alice.page.keyboard.press("Shift+Home");
    await eventually("Alice's cursor with her name", async () =>
      (await bob.page.locator(".remote-name").allTextContents()).includes("Alice"),
    );
    await eventually("Alice's selection", async () => (await bob.page.locator(".remote-selection").count()) > 0);
    // A page shows its own cursor without a name.
    expect(await alice.page.locator(".remote-name", { hasText: "Alice" }).count()).toBe(0);
  });
});

test("each page shows how the others are connected", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("reach");
  const [alice, bob] = pages;
  const reached = (from: DemoPage, to: DemoPage, how: string) =>
    eventually(`shown as ${how}`, async () => (await from.reachOf(to)) === how);
  await meshed(pages);
  await reached(alice, alice, "you");
  await reached(alice, bob, "direct");
  await reached(bob, alice, "direct");
  await Promise.all(pages.map((page) => page.useOnly("WebSocket")));
  await reached(alice, bob, "relay");
  await reached(bob, alice, "relay");
  await Promise.all(pages.map((page) => page.turn("WebRTC", "on")));
  await reached(alice, bob, "direct");
  await reached(bob, alice, "direct");
});

test("a person who leaves disappears from the list", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("leaving");
  await eventually("both are listed", async () => (await alice.people.count()) === 2);
  await bob.page.close();
  // y-protocols removes Bob's state after 30 s (checked every 3 s) if his last message came over WebRTC alone.
  await eventually("Alice is alone", async () => (await alice.people.count()) === 1, 40_000);
  expect(await alice.reachOf(alice)).toBe("you");
});

test("a name and a colour survive a reload", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("identity");
  await call(alice, "Alice");
  await alice.page.getByLabel("Your colour", { exact: true }).fill("#336699");
  await alice.page.reload();
  await alice.ready();
  expect(await alice.page.getByLabel("Your name").inputValue()).toBe("Alice");
  expect(await alice.page.getByLabel("Your colour", { exact: true }).inputValue()).toBe("#336699");
  const bob = await people.enter("identity");
  await listed(bob, "Alice");
});
