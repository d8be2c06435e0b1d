import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { DemoPage } from "../../support/browser/page.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
const tolerated = [/status of 40[13]/, /WebSocket connection to .* failed/];

/** A server that requires tokens, and says so in its settings. */
function startTokenServer() {
  const configuration = () => [{ setting: "auth.mode", value: "token", origin: "test", reloadable: false }];
  return startTestServer({ auth: { mode: "token", secrets: [secret] }, configuration, ...recordedLog() });
}

/** Asks on the page why a client is refused, and waits for an answer with this title. */
async function findReason(page: Page, asked: { token: string; room: string }, title: string): Promise<void> {
  await page.getByLabel("Token", { exact: true }).fill(asked.token);
  await page.getByLabel("Document or room").fill(asked.room);
  await page.getByRole("button", { name: "Find the reason" }).click();
  await page.getByRole("region", { name: "Answer" }).getByRole("heading", { name: title }).waitFor();
}

test("a read-only link is created, lets its user read, and is revoked", async () => {
  await using server = await startTokenServer();
  await using people = chromium.people({ url: server.url, tolerated });
  const { page } = await AdminPage.open(people, server, "#/access");
  await page.getByLabel("Name or pattern").fill("notes/*");
  await page.getByLabel("User id").fill("ann");
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByLabel("Room of the link and the code").fill("notes/7");
  await page.getByText("The user ann may read this room, but not write").waitFor();
  const link = (await page.locator(".link-text").textContent()) ?? "";
  expect(link).toStartWith(`${server.url}/?room=notes%2F7#token=`);
  const reader = new DemoPage(await people.visit(link.slice(server.url.length)));
  await reader.ready();
  await eventually("read-only", async () => (await reader.syncState()) === "read-only");
  await page.getByRole("tab", { name: "Code" }).click();
  expect(await page.getByRole("tab", { name: "y-webrtc" }).count()).toBe(0);
  expect(await page.locator("[data-snippet]").textContent()).toContain(server.wsUrl);
  expect(page.url()).not.toContain("ey");

  await page.getByRole("link", { name: "Revoke", exact: true }).click();
  await page.getByLabel("User id").fill("ann");
  await page.getByText("ann loses access to all rooms within a second").waitFor();
  await page.getByRole("button", { name: "Revoke…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText(/^[12] memberships? ha(s|ve) ended$/).waitFor();
  await page.getByRole("link", { name: "Tokens" }).click();
  expect(await page.locator(".link-text").count()).toBe(0);
});

test("a refused client is found in the list, and the answer says why", async () => {
  await using server = await startTokenServer();
  await using people = chromium.people({ url: server.url, tolerated });
  const expired = await tokenFor({ "notes/*": "write" }, { exp: 1_000_000_000, sub: "ben" });
  await fetch(`${server.url}/api/validate?room=notes/7`, { headers: { authorization: `Bearer ${expired}` } });
  const { page } = await AdminPage.open(people, server, "#/access/refusals");
  const row = page.getByRole("row", { name: "The token has expired" });
  await row.getByText("127.0.0.1").waitFor();
  await row.getByRole("link", { name: "Find out why" }).click();
  await page.getByText("The log has neither the token nor the room.").waitFor();
  const url = `${server.wsUrl}/sync/notes%2F7?token=${expired}`;
  await findReason(page, { token: url, room: "notes/7" }, "The token has expired");
  await page.getByText("ben").waitFor();
  const token = await tokenFor({ "notes/*": "write" });
  await findReason(page, { token, room: "notes/7/8" }, "The token is for other rooms");
  await page.getByText("notes/** does.").waitFor();
  await findReason(page, { token, room: "notes/7" }, "This client may read and write in this room");
  await page.goBack();
  await page.getByRole("link", { name: "The token is for other rooms 1" }).click();
  await eventually("one reason alone", async () => (await page.getByRole("row").count()) === 2);
});

test("an API key is created, shown once, and revoked", async () => {
  await using server = await startTokenServer();
  await using people = chromium.people({ url: server.url, tolerated });
  const { page } = await AdminPage.open(people, server, "#/access/keys");
  await page.getByText("No API keys").waitFor();
  await page.getByRole("button", { name: "Create API key" }).click();
  await page.getByLabel("Name", { exact: true }).fill("search-index");
  await page.getByRole("radio", { name: "Write" }).check();
  await page.getByLabel("Documents whose names begin with").fill("notes/");
  await page.getByRole("button", { name: "Create", exact: true }).click();
  const key = (await page.locator(".token-text").textContent()) ?? "";
  const read = () => fetch(`${server.url}/v1/docs?prefix=notes/`, { headers: { authorization: `Bearer ${key}` } });
  expect((await read()).status).toBe(200);
  // Nothing shows the key again: neither Escape nor a click beside the dialog closes it.
  await page.keyboard.press("Escape");
  await page.mouse.click(5, 5);
  await page.getByText(key).waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  expect(await page.getByText(key).count()).toBe(0);
  await page.getByRole("button", { name: "Revoke search-index" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("No API keys").waitFor();
  expect(await page.evaluate("document.activeElement.className")).toBe("keys-head");
  expect((await read()).status).toBe(401);
});

test("axe finds no serious fault in the places of Access", async () => {
  await using server = await startTokenServer();
  await using people = chromium.people({ url: server.url, tolerated, context: { bypassCSP: true } });
  await fetch(`${server.url}/api/validate?room=notes/7`);
  const admin = await AdminPage.open(people, server, "#/access?room=notes/*");
  const { page } = admin;
  await page.getByRole("button", { name: "Create token" }).click();
  await page.getByText("may read this room").waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await admin.goTo("#/access/keys");
  await page.getByRole("button", { name: "Create API key" }).click();
  await page.getByRole("dialog").waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await admin.goTo("#/access/revoke?user=ann");
  await page.getByText("ann loses access").waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await admin.goTo("#/access/why?reason=no-token&kind=sync");
  const token = await tokenFor({ "notes/*": "read" }, { sub: "ann", jti: "one" });
  await findReason(page, { token, room: "notes/7" }, "The user ann may read this room, but not write");
  expect(await seriousFaults(page)).toEqual([]);
  await admin.goTo("#/access/refusals");
  await page.getByRole("row", { name: "The client sent no token" }).first().waitFor();
  expect(await seriousFaults(page)).toEqual([]);
});
