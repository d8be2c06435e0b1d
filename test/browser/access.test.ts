import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { DemoPage, haveText, meshed, relayed } from "../support/browser/page.ts";
import { secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";
import { WebhookApplication } from "../support/servers/webhook-application.ts";

const chromium = openChromium();
const auth = { mode: "token", secrets: [secret] } as const;
/** Chromium logs these errors for a response with 401 or 403, and for a WebSocket that is refused before its upgrade. */
const tolerated = [/status of 40[13]/, /WebSocket connection to .* failed/];

test("a token in the address gives access over both transports, and the link to share does not contain it", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people(server);
  const token = await tokenFor({ "notes/*": "write" });
  const pages = [await people.enter("notes/1", { token }), await people.enter("notes/1", { token })] as const;
  await meshed(pages);
  await relayed(pages);
  await pages[0].type("let in");
  await haveText(pages, "let in");
  expect(await pages[0].page.getByText("This server requires a token").count()).toBe(0);
  const invitation = await pages[0].openInvitation();
  expect(await invitation.textContent()).not.toContain(token);
  expect(await invitation.getByText("everyone needs one of their own").count()).toBe(1);
});

test("without a token, or with an expired one, the page shows the reason", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people({ ...server, url: server.url, tolerated });
  const stranger = await people.enter("notes/1");
  await eventually("the missing token is named", async () =>
    (await stranger.syncText()).includes("Access denied (no token)"),
  );
  expect(await stranger.serverState()).toBe("refused");
  expect(await stranger.page.locator(".token-form").getByText("yurt token 'notes/1'").count()).toBe(1);
  const expired = await people.enter("notes/1", { token: await tokenFor({ "**": "write" }, { exp: 1 }) });
  await eventually("the expiry is named", async () => (await expired.syncText()).includes("(token expired)"));
  expect(await expired.page.getByText("This server requires a token").count()).toBe(0);
});

const readOnly = "Read only: your edits are not saved";

/** Resolves when the page shows that this window may only read. */
async function toldReadOnly(demo: DemoPage): Promise<void> {
  await eventually("read-only is told", async () => (await demo.syncText()) === readOnly);
  expect(await demo.syncState()).toBe("read-only");
}

/** Tries to change the document in every way that the page has, and returns the document. */
async function tryToEdit({ page, editor }: DemoPage): Promise<unknown> {
  await editor.click();
  await page.keyboard.type("typed");
  await page.keyboard.press("Control+z");
  const board = page.getByLabel("Shared board");
  await board.hover();
  await page.mouse.down();
  await page.mouse.move(0, 0, { steps: 3 });
  await page.mouse.up();
  await board.focus();
  for (const key of [" ", "ArrowLeft", " "]) await page.keyboard.press(key);
  for (const name of ["+1", "Pen", "Eraser", "Undo", "Clear board"]) {
    expect(await page.getByRole("button", { name, exact: true }).isDisabled()).toBe(true);
  }
  return page.evaluate(() => {
    const { doc } = globalThis.yurt;
    return [doc.getText("text").toString(), doc.getArray("strokes").length, doc.getMap("counter").size];
  });
}

test("a window that may only read says so, takes no edit, and never says that it is saved", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people(server);
  const reader = await people.enter("notes/1", { token: await tokenFor({ "notes/*": "read" }) });
  await relayed([reader]);
  await toldReadOnly(reader);
  expect(await tryToEdit(reader)).toEqual(["", 0, 0]);
  const second = new DemoPage(await reader.page.context().newPage());
  await second.page.goto(reader.page.url());
  for (const again of [second, reader]) {
    await again.page.reload();
    await again.ready();
    await relayed([again]);
    await toldReadOnly(again);
  }
  expect(await tryToEdit(second)).toEqual(["", 0, 0]);
  for (const each of [reader, second]) expect(await each.syncText()).toBe(readOnly);
});

test("the edits of a window that may only read do not reach a writer by WebRTC", async () => {
  await using server = await startTestServer({ auth });
  await using people = chromium.people(server);
  const writer = await people.enter("notes/1", { token: await tokenFor({ "notes/*": "write" }) });
  await writer.type("from the writer");
  const reader = await people.enter("notes/1", { token: await tokenFor({ "notes/*": "read" }) });
  await toldReadOnly(reader);
  await haveText([writer, reader], "from the writer");
  const control = reader.page.getByRole("switch", { name: "WebRTC", exact: true });
  expect([await control.isChecked(), await control.isDisabled()]).toEqual([false, true]);
  expect(await tryToEdit(reader)).toEqual(["from the writer", 0, 0]);
  await eventually("both see each other", async () => (await writer.people.count()) === 2);
  await writer.type(", again");
  await haveText([writer, reader], "from the writer, again");
  expect([await writer.peers(), await reader.peers()]).toEqual([[], []]);
});

test("a window that loses its permission to write becomes read-only, and may write again when it is given back", async () => {
  let access = "write";
  await using application = new WebhookApplication(({ body }) => {
    const { token } = JSON.parse(body);
    return Response.json({ access: token === "ann" ? access : "write", expiresAt: Date.now() + 4_000 });
  });
  const webhook = { url: application.url, secrets: [] };
  await using server = await startTestServer({ auth: { mode: "webhook", secrets: [secret], webhook } });
  await using people = chromium.people(server);
  const [ann, bob] = [await people.enter("notes", { token: "ann" }), await people.enter("notes", { token: "bob" })];
  await Promise.all([meshed([ann, bob]), relayed([ann, bob])]);
  await ann.type("1");
  await haveText([ann, bob], "1");
  access = "read";
  await toldReadOnly(ann);
  await eventually("WebRTC is off", async () => (await bob.peers()).length === 0);
  await ann.editor.click();
  await ann.page.keyboard.type("x");
  await bob.type("2");
  await haveText([ann, bob], "12");
  access = "write";
  await eventually("Ann may write", async () => (await ann.syncState()) === "saved");
  await meshed([ann, bob]);
  await ann.type("3");
  await haveText([ann, bob], "123");
  await eventually("saved", async () => (await ann.syncState()) === "saved");
});
