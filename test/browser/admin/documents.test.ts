import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import * as Y from "yjs";
import { YurtClient } from "../../../src/client/client.ts";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { seriousFaults } from "../../support/browser/axe.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();
const minuteMs = 60_000;

/** Runs a task as if it was done so long ago. */
async function ago(ms: number, task: () => Promise<unknown>): Promise<void> {
  setSystemTime(new Date(Date.now() - ms));
  try {
    await task();
  } finally {
    setSystemTime();
  }
}

afterEach(() => {
  setSystemTime();
});

test("an operator finds the largest document, and restores it to ten minutes ago", async () => {
  await using server = await startTestServer();
  const client = new YurtClient({ url: server.url });
  const document = client.document("notes/large");
  const filler = "All work and no play. ".repeat(200);
  await ago(30 * minuteMs, async () => {
    await client.document("notes/small").content.put({ text: "small" }, { as: "auto" });
    await document.content.put({ text: `The plan.\n${filler}`, board: { title: "Plan" } }, { as: "auto" });
  });
  await ago(5 * minuteMs, () => document.content.put({ text: `Ruined.\n${filler}`, board: { title: "Ruin" } }));
  await using people = chromium.people({ url: server.url, context: { bypassCSP: true } });
  const { page } = await AdminPage.open(people, server, "#/documents");

  await page.getByRole("navigation", { name: "Sort by" }).getByRole("link", { name: "Size" }).click();
  const first = page.getByRole("row").nth(1);
  await eventually("the largest is first", async () => (await first.textContent())?.startsWith("notes/large") === true);
  // The whole row leads to the document.
  await first.click();
  await page.getByRole("link", { name: "History" }).click();
  const changes = page.getByRole("region", { name: "Changes since then" });
  await page.getByRole("button", { name: "1 hour ago" }).click();
  await changes.getByText("The document did not exist then").waitFor();
  expect(await changes.getByRole("button").count()).toBe(0);
  await page.getByRole("button", { name: "10 minutes ago" }).click();
  await changes.getByRole("deletion").filter({ hasText: "The plan" }).waitFor();
  await changes.getByRole("insertion").filter({ hasText: '"Ruin"' }).waitFor();
  expect(await seriousFaults(page)).toEqual([]);

  await changes.getByRole("button", { name: "Restore…" }).click();
  const dialog = page.getByRole("dialog", { name: "Restore the document" });
  await dialog.getByRole("insertion").filter({ hasText: "The plan" }).waitFor();
  expect(await document.content.text("text")).toStartWith("Ruined.");
  await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await page.getByText("Restored to").waitFor();
  expect(await document.content.json()).toEqual({ text: `The plan.\n${filler}`, board: { title: "Plan" } });

  await page.getByRole("button", { name: "Undo…" }).click();
  await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await eventually("taken back", async () => (await document.content.text("text")).startsWith("Ruined."));
});

describe("the list of documents", () => {
  const email = `${"first.middle.last.".repeat(4)}department@subdomain.of.a.long.example.com`;
  const arabic = "ملاحظات/الاجتماع";
  const odd = "...";
  const long = "x".repeat(256);

  test("has pages, a search, odd names, and deleted documents that come back", async () => {
    await using server = await startTestServer();
    const client = new YurtClient({ url: server.url });
    const names = [email, arabic, odd, long, ...Array.from({ length: 104 }, (_, index) => `page/${1_000 + index}`)];
    for (const name of names) await client.document(name).content.put({ text: name.slice(0, 20) }, { as: "auto" });
    await using people = chromium.people({
      url: server.url,
      context: { bypassCSP: true, viewport: { width: 320, height: 700 } },
    });
    const { page } = await AdminPage.open(people, server, "#/documents");
    const rows = page.getByRole("rowheader");

    await page.getByRole("link", { name: "Next" }).click();
    await eventually("the second page", async () => (await rows.count()) === 8);
    const overflow = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
    expect(overflow).toBeLessThanOrEqual(0);
    expect(await seriousFaults(page)).toEqual([]);
    await page.getByRole("link", { name: "Previous" }).click();
    await eventually("the first page", async () => (await rows.count()) === 100);

    const search = page.getByRole("searchbox", { name: "Name begins with" });
    for (const name of [email, arabic, odd, long]) {
      await search.fill(name);
      await eventually("found", async () => (await rows.allTextContents()).join() === name);
      await rows.getByRole("link").click();
      await page.getByRole("heading", { level: 1 }).filter({ hasText: name }).waitFor();
      await page.getByRole("list", { name: "Content" }).waitFor();
      await page.goBack();
      await search.waitFor();
    }
    await search.fill("nothing");
    await page.getByText("No document has such a name").waitFor();

    await search.fill(arabic);
    await rows.filter({ hasText: arabic }).getByRole("link").click();
    await page.getByRole("link", { name: "Manage" }).click();
    await page.getByRole("button", { name: "Delete…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "The document is deleted" }).waitFor();
    await page.getByRole("link", { name: "Documents", exact: true }).last().click();
    await page.getByRole("navigation", { name: "Show" }).getByRole("link", { name: "Deleted" }).click();
    await page.getByRole("button", { name: `Undelete ${arabic}` }).click();
    await page.getByText("No document is deleted").waitFor();
    expect(await client.document(arabic).content.text("text")).toBe(arabic);
  });
});

describe("one document", () => {
  test("shows its content live, is exported, forked, left by its clients, and purged by its name", async () => {
    await using server = await startTestServer();
    const client = new YurtClient({ url: server.url });
    const document = client.document("notes/7");
    await document.content.put({ text: "first <b>", board: { tasks: ["one"] } }, { as: "auto" });
    const doc = new Y.Doc();
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText("in <XML>")]);
    doc.getXmlFragment("page").insert(0, [paragraph]);
    await document.writeUpdate(Y.encodeStateAsUpdate(doc));
    await using clients = new TestClients();
    // Chromium logs an error for a name that is taken, and for a document that is purged while the page reads it once more.
    const tolerated = [/status of 409/, /status of 404 .*notes%2F8/];
    await using people = chromium.people({ url: server.url, tolerated });
    const { page } = await AdminPage.open(people, server, "#/documents/notes%2F7");
    const tree = page.getByRole("list", { name: "Content" });

    await tree.getByText("<paragraph>").click();
    await tree.getByText('"in <XML>"').waitFor();
    await tree.getByText('"first <b>"').waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await document.content.patch([{ op: "text", path: "/text", find: "first", ins: "second" }]);
    await tree.getByText('"second <b>"').waitFor();
    await page.getByRole("button", { name: "Text", exact: true }).click();
    await page.getByText("<paragraph>in &lt;XML&gt;</paragraph>").waitFor();

    await page.getByRole("link", { name: "History" }).click();
    await page.getByLabel("Name of the new version").fill("Before the meeting");
    await page.getByRole("button", { name: "Create" }).click();
    await page.getByRole("link", { name: "Before the meeting" }).click();
    await page.getByText("The document is the same as then.").waitFor();

    await clients.connectAll(2, server.wsUrl, "notes/7");
    await page.getByRole("link", { name: "2 connected" }).waitFor();
    await page.getByRole("link", { name: "Manage" }).click();
    await page.getByRole("button", { name: "Disconnect…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await page.getByText("Disconnected: 2 clients.").waitFor();

    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe("notes-7.ndjson");
    expect(await Bun.file(await download.path()).text()).toContain('"notes/7"');

    await page.getByRole("button", { name: "Fork…" }).click();
    const fork = page.getByRole("dialog", { name: "Fork the document" });
    await fork.getByLabel("Name of the new document").fill("notes/7");
    await fork.getByRole("button", { name: "Fork" }).click();
    await fork.getByRole("alert").waitFor();
    await fork.getByLabel("Name of the new document").fill("notes/8");
    await fork.getByRole("button", { name: "Fork" }).click();
    await page.getByRole("heading", { name: "notes/8", level: 1 }).waitFor();

    await page.getByRole("link", { name: "Manage" }).click();
    await page.getByRole("button", { name: "Purge…" }).click();
    const purge = page.getByRole("dialog", { name: "Purge the document" });
    expect(await purge.getByRole("button", { name: "Purge" }).isDisabled()).toBe(true);
    await purge.getByRole("textbox").fill("notes/8");
    await purge.getByRole("button", { name: "Purge" }).click();
    await page.getByRole("heading", { name: "Documents", level: 1 }).waitFor();
    expect(await client.document("notes/8").info()).toBeUndefined();
    expect(await document.info()).toBeDefined();
  });
});
