import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer, temporaryFolder } from "../../support/servers/start-test-server.ts";
import { says, WebhookApplication } from "../../support/servers/webhook-application.ts";

const chromium = openChromium();

const configuration = () => [
  { setting: "port", value: 4444, origin: "default", reloadable: false },
  { setting: "auth.secret", value: "***", origin: "environment variable YURT_AUTH_SECRET", reloadable: true },
  { setting: "turn.enabled", value: true, origin: "./yurt.toml:3:8", reloadable: false },
];

test("settings, TURN, backups and the log", async () => {
  const { log, recent } = recordedLog();
  const folder = await temporaryFolder();
  const backup = {
    everyMs: 86_400_000,
    keep: 3,
    folder: join(folder, "b"),
    command: undefined,
    commandTimeoutMs: 1_000,
  };
  await using server = await startTestServer({ log, recent, configuration, turn: {}, backup });
  await using people = chromium.people({ url: server.url, context: { bypassCSP: true } });
  const { page } = await AdminPage.open(people, server, "#/settings");
  const rows = page.locator("tbody tr");
  const settings = page.getByRole("navigation", { name: "Settings" });

  await rows.filter({ hasText: "port" }).waitFor();
  expect(await rows.filter({ hasText: "auth.secret" }).textContent()).toContain("Set, not shown");
  await page.getByRole("searchbox", { name: "Filter" }).fill("yurt.toml");
  await eventually("filtered", async () => (await rows.count()) === 1);
  expect(page.url()).toContain("q=yurt.toml");
  await page.getByRole("searchbox", { name: "Filter" }).fill("");
  await page.getByRole("switch", { name: "Only changed" }).click();
  await page.getByText("2 of 3 settings, 2 changed").waitFor();
  expect(await seriousFaults(page)).toEqual([]);

  await settings.getByRole("link", { name: "TURN" }).click();
  await page.getByText("Listening", { exact: true }).waitFor();
  expect(await page.locator(".url-list").textContent()).toContain(`turn:127.0.0.1:${server.turn.listening?.port}`);
  expect(await rows.count()).toBe(1);
  expect(await seriousFaults(page)).toEqual([]);

  await settings.getByRole("link", { name: "Backups" }).click();
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByText("The backup was made and verified.").waitFor();
  expect(await page.locator(".path").textContent()).toContain(backup.folder);
  await eventually("the time of the backup", async () => (await page.getByText("None yet").count()) === 0);
  expect(await seriousFaults(page)).toEqual([]);

  await settings.getByRole("link", { name: "Log" }).click();
  await page.getByText("Waiting for lines").waitFor();
  await page.getByLabel("Log level").selectOption("debug");
  await page.getByText("The log has debug and above now").waitFor();
  log.debug({ event: "first-line", code: "EONE" });
  log.error({ event: "second-line", remedy: "Do something." });
  log.trace({ event: "too-detailed" });
  const lines = page.locator(".log-line");
  await lines.filter({ hasText: "code=EONE" }).waitFor();
  await lines.filter({ hasText: "Do something." }).waitFor();
  expect(await lines.filter({ hasText: "too-detailed" }).count()).toBe(0);
  expect(await seriousFaults(page)).toEqual([]);
  await page.getByRole("button", { name: "Pause" }).click();
  log.info({ event: "third-line" });
  await page.getByText("1 new line").waitFor();
  expect(await lines.filter({ hasText: "third-line" }).count()).toBe(0);
  await page.getByRole("button", { name: "Continue" }).click();
  await lines.filter({ hasText: "third-line" }).waitFor();
  await page.getByRole("searchbox", { name: "Filter" }).fill("EONE");
  await eventually("filtered", async () => (await lines.count()) === 1);
  await rm(folder, { recursive: true, force: true });
});

test("a webhook is added, tested, told of a change, told again, disabled and deleted", async () => {
  await using application = new WebhookApplication(says({}));
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { bypassCSP: true } });
  const { page } = await AdminPage.open(people, server, "#/settings/webhooks");
  const dialog = page.getByRole("dialog");

  await page.getByText("No webhooks").waitFor();
  await page.getByRole("button", { name: "Add a webhook" }).click();
  await dialog.getByLabel("URL").fill(application.url.href);
  await dialog.getByLabel("Documents").fill("notes/**");
  await dialog.getByText("More settings").click();
  await dialog.getByLabel(/Quiet time/).fill("0.1");
  expect(await seriousFaults(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Add" }).click();
  expect(await dialog.locator(".secret-text").textContent()).toStartWith("whsec_");
  await dialog.getByRole("button", { name: "Done" }).click();

  await page.getByRole("link", { name: application.url.href }).click();
  await page.getByText("No messages yet").waitFor();
  await page.getByRole("button", { name: "Send a test" }).click();
  await page.getByText("The application accepted the test: 200 in").waitFor();
  await using clients = new TestClients();
  const client = clients.connect(server.wsUrl, "notes/7");
  await synced(client);
  client.text.insert(0, "hello");
  const message = page.locator("tbody tr").filter({ hasText: "notes/7" });
  await message.getByText("Delivered").waitFor();
  expect(await seriousFaults(page)).toEqual([]);
  await message.getByRole("button", { name: "Send again: the message about notes/7" }).click();
  await application.asked(3);

  await page.getByRole("button", { name: "New secret" }).click();
  await dialog.getByRole("button", { name: "Create" }).click();
  await dialog.getByText("The old secret stays valid for one day.").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByText("The webhook is disabled.").waitFor();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await dialog.getByRole("button", { name: "Delete" }).click();
  await page.getByText("No webhooks").waitFor();
});
