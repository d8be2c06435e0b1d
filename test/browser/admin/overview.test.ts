import { expect, test } from "bun:test";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
/** Chromium logs an error for each request to a server that has stopped. */
const tolerated = [/Failed to load resource/];

test("the overview tells whether anything needs attention, shows its figures live, and each error with its remedy", async () => {
  const { log, recent } = recordedLog();
  await using server = await startTestServer({ log, recent });
  await using people = chromium.people({ url: server.url, tolerated, context: { bypassCSP: true } });
  const { page } = await AdminPage.open(people, server);
  const verdict = page.getByRole("heading", { level: 2 }).first();
  await page.getByText("Nothing needs attention").waitFor();
  await page.getByText("No warnings or errors").waitFor();

  await using clients = new TestClients();
  const client = clients.connect(server.wsUrl, "notes/7");
  await synced(client);
  client.text.insert(0, "hello");
  await page.getByRole("img", { name: /Connections in the last .* y-websocket: now 1/ }).waitFor();
  await page.getByRole("img", { name: /Update to acknowledged in the last .* from [\d.]+ ms/ }).waitFor();

  log.error({ event: "turn-certificate-not-used", code: "EIO", remedy: "Check the certificate." });
  log.warn({ event: "key-set-failed", url: "https://id.example.com" });
  await page.getByText("1 thing needs attention").waitFor();
  expect(await verdict.textContent()).toBe("1 thing needs attention");
  expect(await page.locator(".finding").textContent()).toContain("TURN certificate not used");
  expect(await page.locator(".finding").textContent()).toContain("Check the certificate.");
  expect(await page.locator(".problem").count()).toBe(2);
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole("link", { name: "Show the log lines" }).click();
  await page.locator(".problem-lines").getByText("EIO").waitFor();
  expect(page.url()).toContain("event=turn-certificate-not-used");

  await server.stop();
  await page.getByText("The server does not answer.").waitFor();
  expect(await verdict.textContent()).toBe("The state of the server is unknown");
  expect(await page.locator(".problem").count()).toBe(2);
});
