import { expect, test } from "bun:test";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
/** Chromium logs an error for a response with 401 or 403. */
const tolerated = [/status of 40[13]/];

test("a link signs in once, and its code does not stay in the address", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, tolerated });
  const { code } = await server.createAdminLink();
  const page = await people.visit(`/admin#code=${code}`);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(page.url()).not.toContain("code");
  // A link that is opened in the tab of the dashboard is not needed: its code goes away too.
  await page.evaluate(`location.hash = "#code=${(await server.createAdminLink()).code}"`);
  await eventually("the address has no code", () => !page.url().includes("code"));
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await page.title()).toBe("Overview · Yurt");
  await page.getByRole("button", { name: "Sign out" }).click();
  await eventually("the title names no view", async () => (await page.title()) === "Sign in · Yurt");
  const second = await people.visit(`/admin#code=${code}`);
  await second.getByRole("alert").waitFor();
  expect(await second.getByRole("alert").textContent()).toContain("yurt admin link");
});

test("a token of an administrator signs in, and a reload ends the session", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  await using people = chromium.people({ url: server.url, tolerated });
  // Over plain HTTP to another machine, a page has no secure context.
  const page = await people.visit("/admin", async (opened) => {
    await opened.addInitScript("delete Crypto.prototype.randomUUID");
  });
  const field = page.getByLabel("Administrator's token or API key");
  const signIn = page.getByRole("button", { name: "Sign in" });
  await field.fill(await tokenFor({ "**": "write" }));
  await signIn.click();
  await page.getByRole("alert").waitFor();
  await field.fill(await tokenFor({}, { admin: true }));
  await signIn.click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await page.evaluate<string>("JSON.stringify([localStorage, sessionStorage]) + document.cookie")).toBe(
    "[{},{}]",
  );
  await page.reload();
  await field.waitFor();
});

test("a revoked token ends the session, and the page says so", async () => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  await using people = chromium.people({ url: server.url, tolerated });
  const page = await people.visit("/admin");
  // A token that expires in some minutes is replaced at once, by one with another id.
  const exp = Date.now() / 1_000 + 3_600;
  await page.getByLabel("Administrator's token or API key").fill(await tokenFor({}, { admin: true, jti: "mine", exp }));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await revoke(server.url, { tokenId: "mine" });
  await eventually("signed out", async () => (await page.getByRole("alert").count()) === 1);
  expect(await page.getByRole("alert").textContent()).toBe("Your session has ended. Sign in again.");
});

// The tests of the views look at the light colours.
test("axe finds no serious fault in the dark colours of the sign-in and the views", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { colorScheme: "dark", bypassCSP: true } });
  const entry = await people.visit("/admin");
  await entry.getByRole("heading", { name: "Yurt dashboard" }).waitFor();
  expect(await seriousFaults(entry)).toEqual([]);
  const admin = await AdminPage.open(people, server);
  for (const view of ["Overview", "Rooms", "Documents", "Access", "Settings"]) {
    await admin.page.getByRole("navigation").getByRole("link", { name: view }).click();
    await admin.page.getByRole("heading", { name: view, level: 1 }).waitFor();
    expect(await seriousFaults(admin.page)).toEqual([]);
  }
});
