import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import type { DemoPage } from "../../support/browser/page.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Reloads the page with other facts about its server. */
async function reloadWith({ page }: DemoPage, facts: object): Promise<void> {
  await page.route("**/demo/config.json", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ json: { ...(await response.json()), ...facts } });
  });
  await page.reload();
}

test("on a server for this machine only, the invitation says so and has no QR code", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("home");
  const invitation = await alice.openInvitation();
  expect(await invitation.getByText("works on this machine only").count()).toBe(1);
  expect(await invitation.getByRole("img", { name: "QR code of the link" }).count()).toBe(0);
  expect(await invitation.getByText("--host 0.0.0.0").count()).toBe(1);
  await alice.page.keyboard.press("Escape");
  await invitation.waitFor({ state: "hidden" });
  // A server in a container, for instance, does not know the addresses of its host.
  await reloadWith(alice, { local: false });
  await alice.ready();
  const other = await alice.openInvitation();
  expect(await other.getByText("at an address that they can reach").count()).toBe(1);
  expect(await other.getByText("--host 0.0.0.0").count()).toBe(0);
});

test("on a server that the network reaches, link and QR code have an address of the network", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("office");
  await reloadWith(alice, { networkUrls: ["http://192.0.2.7:4444/", "http://192.0.2.8:4444/"] });
  await alice.ready();
  const invitation = await alice.openInvitation();
  const link = invitation.locator(".link");
  expect(await link.textContent()).toBe("http://192.0.2.7:4444/?room=office");
  expect(await invitation.getByText("works on this machine only").count()).toBe(0);
  const code = () => invitation.getByRole("img", { name: "QR code of the link" }).innerHTML();
  const first = await code();
  await invitation.getByRole("radio", { name: "192.0.2.8:4444" }).check();
  expect(await link.textContent()).toBe("http://192.0.2.8:4444/?room=office");
  expect(await code()).not.toBe(first);
});

test("on a phone, inviting opens the system's dialog with the link, and the page's own if that is not possible", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: phone });
  const alice = await people.enter("phone");
  await alice.page.addInitScript(`navigator.share = async (data) => {
    globalThis.shared = data;
    if (globalThis.cannotShare) throw new Error("cannot share");
  };`);
  await reloadWith(alice, { publicUrl: "https://collab.example/" });
  await alice.ready();
  await alice.page.getByRole("button", { name: "Invite" }).click();
  await eventually("shared", () => alice.page.evaluate<boolean>("globalThis.shared !== undefined"));
  expect(await alice.page.evaluate<string>("globalThis.shared.url")).toBe("https://collab.example/?room=phone");
  expect(await alice.page.getByRole("dialog").count()).toBe(0);
  await alice.page.evaluate("globalThis.cannotShare = true");
  await alice.openInvitation();
});

test("a wrong address leads to the demo, and asks for no icon", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, tolerated: [/status of 404 .*\/nope\)/] });
  const page = await people.visit("/nope");
  expect(await page.getByRole("heading", { name: "Not found" }).count()).toBe(1);
  await page.getByRole("link", { name: "Open the demo" }).click();
  await page.getByRole("heading", { name: "Yurt is running" }).waitFor();
});
