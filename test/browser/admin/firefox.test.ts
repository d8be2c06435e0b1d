import { expect, setSystemTime, test } from "bun:test";
import type { Page } from "puppeteer-core";
import { YurtClient } from "../../../src/client/client.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { launchFirefox } from "../../support/browser/firefox.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { findProgram, installCommand } from "../../support/processes/programs.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const firefoxPath = findProgram("firefox");
if (firefoxPath === undefined) {
  console.warn(`no Firefox found, its test is skipped. To install it: ${installCommand(["firefox"])}`);
}

/** Firefox takes long to start on a busy machine. */
const limitMs = 90_000;
const minuteMs = 60_000;
const document = "notes/plan";

/** The server requires tokens, and says so in its settings. */
function startTokenServer(): Promise<TestServer> {
  const configuration = () => [{ setting: "auth.mode", value: "token", origin: "test", reloadable: false }];
  return startTestServer({ auth: { mode: "token", secrets: [secret] }, configuration, ...recordedLog() });
}

/** Writes a text as it was half an hour ago, and another one as it was five minutes ago. */
async function writeHistory({ url }: TestServer): Promise<YurtClient> {
  const realNow = Date.now();
  const claims = { admin: true, iat: realNow / 1_000 - 3_600, exp: realNow / 1_000 + 3_600 };
  const client = new YurtClient({ url, token: await tokenFor({ "**": "write" }, claims) });
  try {
    setSystemTime(new Date(realNow - 30 * minuteMs));
    await client.document(document).content.put({ text: "The plan." }, { as: "auto" });
    setSystemTime(new Date(realNow - 5 * minuteMs));
    await client.document(document).content.put({ text: "Ruined." });
  } finally {
    setSystemTime();
  }
  return client;
}

/** Selects by role and name in Firefox's own accessibility tree. */
const byRole = (role: string, name: string) => `aria/${name}[role="${role}"]`;

const click = (page: Page, role: string, name: string) => page.locator(byRole(role, name)).click();

/** Fills a field. One that suggests names has the role `combobox`. */
const fill = (page: Page, label: string, text: string, role = "textbox") =>
  page.locator(byRole(role, label)).fill(text);

/** Resolves when an element of this selector has this text, or a name that matches it. */
async function shown(page: Page, selector: string, text: RegExp): Promise<void> {
  const texts = () =>
    page.$$eval(selector, (found) => found.map((each) => `${each.ariaLabel ?? ""}\n${each.textContent ?? ""}`));
  await eventually(`${selector} with ${text}`, async () => (await texts()).some((each) => text.test(each)));
}

async function watchFigures(page: Page, server: TestServer): Promise<void> {
  await shown(page, "h1", /^\s*Overview$/);
  await using clients = new TestClients();
  const client = clients.connectWith(await tokenFor({ "**": "write" }), server.wsUrl, "notes/other");
  await shown(page, "[role=img]", /Connections in the last .* y-websocket: now 1,/);
  client.text.insert(0, "hello");
  await shown(page, "[role=img]", /Update to acknowledged in the last .* from [\d.]+ ms/);
}

async function restorePlan(page: Page, client: YurtClient): Promise<void> {
  const { content } = client.document(document);
  await click(page, "link", "Documents");
  await click(page, "link", document);
  await click(page, "link", "History");
  await click(page, "button", "10 minutes ago");
  await shown(page, "del", /The plan/);
  await click(page, "button", "Restore…");
  await shown(page, "dialog ins", /The plan/);
  expect(await content.text("text")).toBe("Ruined.");
  await click(page, "button", "Restore");
  await shown(page, "[data-tone=good]", /Restored to/);
  expect(await content.text("text")).toBe("The plan.");
}

/** Creates a token that may read, and resolves with its link. */
async function mintLink(page: Page): Promise<string> {
  await click(page, "link", "Access");
  await fill(page, "Name or pattern", "notes/*", "combobox");
  await click(page, "button", "Create token");
  await fill(page, "Room of the link and the code", document);
  await shown(page, ".token-check", /may read this room, but not write/);
  return page.$eval(".link-text", ({ textContent }) => textContent ?? "");
}

async function findReason(page: Page, token: string): Promise<void> {
  await click(page, "link", "Refusals");
  await shown(page, "tbody tr", /The token has expired/);
  await click(page, "link", "Find out why");
  await fill(page, "Token", token);
  await fill(page, "Document or room", document);
  await click(page, "button", "Find the reason");
  await shown(page, "[aria-label=Answer] h2", /^\s*The token has expired$/);
}

test.skipIf(firefoxPath === undefined)(
  "in Firefox an operator signs in, sees live figures, restores a document, invites a reader and finds a reason",
  async () => {
    await using server = await startTokenServer();
    const client = await writeHistory(server);
    const expired = await tokenFor({ "notes/*": "write" }, { exp: 1_000_000_000 });
    await fetch(`${server.url}/api/validate?room=${document}`, { headers: { authorization: `Bearer ${expired}` } });
    await using firefox = await launchFirefox(firefoxPath ?? "");
    const errors: string[] = [];
    const open = async (url: string) => {
      const page = await firefox.newPage();
      page.on("pageerror", (error) => errors.push(String(error)));
      await page.goto(url);
      return page;
    };

    const page = await open(`${server.url}/admin#code=${(await server.createAdminLink()).code}`);
    await watchFigures(page, server);
    expect(page.url()).not.toContain("code");
    await restorePlan(page, client);
    const link = await mintLink(page);
    await findReason(page, expired);
    const reader = await open(link);
    await shown(reader, "[role=textbox]", /The plan\./);
    expect(await reader.$eval("[data-sync-state]", (state) => state.getAttribute("data-sync-state"))).toBe("read-only");
    expect(errors).toEqual([]);
  },
  limitMs,
);
