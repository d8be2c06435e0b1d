import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, haveText, lives, relayed } from "../../support/browser/page.ts";
import { ContentWriter } from "../../support/hostile/content-writer.ts";
import { foreignRoots } from "../../support/hostile/foreign-content.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

const notice = (demo: DemoPage) => demo.page.getByText("content that this demo cannot edit");
const shownText = (demo: DemoPage) => demo.page.getByRole("document", { name: "Shared text" }).textContent();

test("text that a program adds to a text with an embed is shown", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("embed");
  await relayed([alice]);
  await alice.type("Hello world");
  const writer = await ContentWriter.enter(server.wsUrl, "embed");
  await eventually("saved", async () => (await alice.syncState()) === "saved");
  await writer.sync();
  writer.write((doc) => doc.getText("text").insertEmbed(6, { image: "https://elsewhere.invalid/" }));
  await notice(alice).waitFor();
  expect(await shownText(alice)).toBe("Hello embedworld");
  writer.write((doc) => doc.getText("text").insert(0, "Again: "));
  await eventually("shown", async () => (await shownText(alice)) === "Again: Hello embedworld");
  writer.write((doc) => doc.getText("text").delete(13, 1));
  await alice.editor.waitFor();
  await alice.type("!");
  await haveText([alice], "Again: Hello world!");
  await eventually("shown", async () => (await alice.editor.textContent()) === "Again: Hello world!");
});

const foreignNotice = /this demo (cannot|has written)/;

test.each(foreignRoots("text"))(
  "a text that holds %s is shown, also to a window that comes later",
  async (_, write) => {
    await using server = await startTestServer();
    await using people = chromium.people(server);
    const alice = await people.enter("text");
    await relayed([alice]);
    const writer = await ContentWriter.enter(server.wsUrl, "text");
    writer.write(write);
    await alice.page.getByText(foreignNotice).waitFor();
    await lives(alice);
    await alice.page.reload();
    await alice.page.getByText(foreignNotice).waitFor();
    await lives(alice);
  },
);

test.each(["strokes", "counter"])("the root %s may hold anything", async (name) => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("roots");
  await relayed([alice]);
  for (const [, write] of foreignRoots(name)) {
    const writer = await ContentWriter.enter(server.wsUrl, "roots");
    writer.write(write);
    await writer.sync();
    await alice.page.getByText(foreignNotice).waitFor();
    await lives(alice);
  }
  await alice.page.reload();
  await alice.page.getByText(foreignNotice).waitFor();
  await alice.page.getByRole("button", { name: "+1" }).click();
  await alice.type("typed");
  await haveText([alice], "typed");
});
