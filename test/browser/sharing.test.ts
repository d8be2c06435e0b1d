import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { DemoPage, haveText } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

/** Presses the button and resolves with the text that it has put on the clipboard. */
async function copied({ page }: DemoPage, button: string): Promise<string> {
  const read = () => page.evaluate<string>("navigator.clipboard.readText()");
  await page.evaluate('navigator.clipboard.writeText("")');
  await page.getByRole("button", { name: button }).click();
  await eventually("the clipboard has a text", async () => (await read()) !== "");
  return read();
}

test("the copied link opens this room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("sharing & caring");
  const link = new URL(await copied(alice, "Copy link"));
  expect(link.origin).toBe(server.url);
  expect(link.searchParams.get("room")).toBe("sharing & caring");
  expect(link.hash).toBe("");
});

test("the copied link of a room with a password contains the password", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("closed", { password: "open sesame/?#" });
  const link = new URL(await copied(alice, "Copy link"));
  expect(link.searchParams.get("room")).toBe("closed");
  expect(decodeURIComponent(link.hash)).toBe("#password=open sesame/?#");
  expect(link.search).not.toContain("password");
});

test("the copied snippet is the one shown, and names this server and this room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("snippet");
  const snippet = await copied(alice, "Copy code");
  expect(snippet).toBe((await alice.page.locator("[data-snippet]").textContent()) ?? "");
  expect(snippet).toContain(server.wsUrl);
  expect(snippet).toContain('"snippet"');
});

test("a second window of the same browser opens the same room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("second window");
  const opened = alice.page.waitForEvent("popup").catch(() => undefined);
  const context = alice.page.context().waitForEvent("page");
  await alice.page.getByRole("link", { name: "Open a second window" }).click();
  const second = new DemoPage(await context);
  await opened;
  await second.ready();
  expect(new URL(second.page.url()).searchParams.get("room")).toBe("second window");
  await alice.type("to the other window");
  await haveText([second], "to the other window");
  await eventually("listed as the same browser", async () => (await alice.reachOf(second)) === "same-browser");
});
