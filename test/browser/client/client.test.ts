import { expect, test } from "bun:test";
import { join } from "node:path";
import { YurtClient } from "../../../src/client/client.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { haveText } from "../../support/browser/page.ts";
import { serveSnippet } from "../../support/browser/snippet.ts";

const chromium = openChromium();
const client = join(import.meta.dir, "../../../src/client");

/** An application with the React hook, and one in the same page that uses HTTP alone. */
const application = (url: string, token: string) => `
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import * as Y from "yjs";
import { YurtClient } from "${client}/client.ts";
import { HttpProvider } from "${client}/http-provider.ts";
import { useDocument, useShared } from "${client}/react.ts";

const url = "${url}";
const token = "${token}";

function Notes() {
  const open = useDocument({ url, token, name: "app/1" });
  const text = useShared(open?.doc.getText("text"));
  const add = () => open.doc.getText("text").insert(0, "typed ");
  return createElement("button", { onClick: add, "data-synced": String(open?.isSynced) }, text ?? "…");
}
createRoot(document.getElementById("root")).render(createElement(Notes));

const doc = new Y.Doc();
const overHttp = document.createElement("output");
document.body.append(overHttp);
doc.on("update", () => { overHttp.textContent = doc.getText("text").toString(); });
new HttpProvider(doc, new YurtClient({ url, token }).document("app/1"));
globalThis.write = (text) => doc.getText("text").insert(0, text);
`;

test("in Chromium the hook shows what others write, and a client over HTTP alone has the same document", async () => {
  await using api = await startApiServer({ mode: "token" });
  const token = await api.token({ "app/*": "write" });
  const document = new YurtClient({ url: api.server.url, token }).document("app/1");
  await document.content.put({ text: "world" }, { as: "auto" });
  await using page = await serveSnippet(application(api.server.url, token));
  await using people = chromium.people({ url: page.url, otherUrl: api.server.url });
  const tab = await people.visit("/");
  const shown = tab.getByRole("button");
  const overHttp = tab.locator("output");
  const bothShow = (text: string) =>
    eventually(text, async () => (await shown.textContent()) === text && (await overHttp.textContent()) === text);
  await bothShow("world");
  await shown.click();
  await bothShow("typed world");
  await tab.evaluate(() => Object(globalThis)["write"]("sent "));
  await bothShow("sent typed world");
  await document.content.patch([{ op: "text", path: "/text", find: "sent", ins: "read" }]);
  await bothShow("read typed world");
  expect(await document.content.text("text")).toBe("read typed world");
});

/** A component that writes when it is mounted, before its hook listens. */
const eager = `
import { createElement, useEffect } from "react";
import { createRoot } from "react-dom/client";
import * as Y from "yjs";
import { useShared } from "${client}/react.ts";

const board = new Y.Doc().getMap("board");
let renderings = 0;

function Board() {
  useEffect(() => void board.set("title", "Plan"), []);
  const { title = "…" } = useShared(board);
  renderings += 1;
  return createElement("button", { onClick: () => board.set("title", "Done") }, title + " " + (renderings > 5 ? "again and again" : ""));
}
createRoot(document.getElementById("root")).render(createElement(Board));
`;

test("in Chromium the hook shows a change that comes before it listens, and renders only for changes", async () => {
  await using page = await serveSnippet(eager);
  await using people = chromium.people({ url: page.url, otherUrl: page.url });
  const shown = (await people.visit("/")).getByRole("button");
  await eventually("the title", async () => (await shown.textContent()) === "Plan ");
  await shown.click();
  await eventually("the next title", async () => (await shown.textContent()) === "Done ");
});

test("an agent lists documents, reads one and corrects its heading while a person types in it", async () => {
  await using api = await startApiServer();
  await using people = chromium.people(api.server);
  const person = await people.enter("notes/meeting");
  await person.type("# Meting\n\nPresent: ");
  const { text: key } = api.keysFile.create({ name: "agent", scope: "docs:write", prefix: "notes/" });
  const agent = new YurtClient({ url: api.server.url, token: key });
  await eventually("stored", async () => (await Array.fromAsync(agent.documents())).length > 0);
  expect((await Array.fromAsync(agent.documents({ prefix: "notes/" }))).map(({ name }) => name)).toEqual([
    "notes/meeting",
  ]);
  const { content } = agent.document("notes/meeting");
  await eventually("read", async () => (await content.text("text")) === "# Meting\n\nPresent: ");
  const typing = person.page.keyboard.type("Ann, Bob, Carol and Dave", { delay: 20 });
  await eventually("the person is typing", async () => (await content.text("text")).includes("Ann"));
  await content.patch([{ op: "text", path: "/text", find: "# Meting", ins: "# Meeting" }]);
  await typing;
  const both = "# Meeting\n\nPresent: Ann, Bob, Carol and Dave";
  await haveText([person], both);
  await eventually("stored as well", async () => (await content.text("text")) === both);
});
