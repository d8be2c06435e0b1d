import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, relayed } from "../../support/browser/page.ts";
import { serveSnippet } from "../../support/browser/snippet.ts";
import { secret, tokenFor } from "../../support/bytes/tokens.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

/** The code that one click copies, of the tab with this label. */
async function copiedCode({ page }: DemoPage, label: string): Promise<string> {
  const read = () => page.evaluate<string>("navigator.clipboard.readText()");
  await page.getByRole("tab", { name: label, exact: true }).click();
  await page.evaluate('navigator.clipboard.writeText("")');
  await page.getByRole("button", { name: "Copy code" }).click();
  await eventually("the clipboard has a text", async () => (await read()) !== "");
  return read();
}

/** An edit of the document, which an app adds to the code of a tab. */
const edit = 'doc.getText("text").insert(0, "from the app");';
const reactApp = `
  import { createElement } from "react";
  import { createRoot } from "react-dom/client";
  function App() {
    const doc = useSharedDocument();
    useEffect(() => { doc?.getText("text").insert(0, "from the app"); }, [doc]);
    return createElement("p", null, doc === undefined ? "nothing" : "mounted");
  }
  createRoot(document.getElementById("root")).render(createElement(App));`;

test.each([
  ["y-websocket", edit],
  ["Hocuspocus", edit],
  ["y-webrtc", edit],
  ["Both", edit],
  ["React", reactApp],
])("the copied code for %s works as it is, with a token", async (label, app) => {
  await using server = await startTestServer({ auth: { mode: "token", secrets: [secret] } });
  await using people = chromium.people(server);
  const token = await tokenFor({ "the room/1": "write" });
  const alice = await people.enter("the room/1", { token });
  await relayed([alice]);
  const code = await copiedCode(alice, label);
  expect(code).toBe((await alice.page.locator("[data-snippet]").textContent()) ?? "");
  await using snippet = await serveSnippet(`${code}\n${app}`);
  await using apps = chromium.people({ url: snippet.url, otherUrl: server.url });
  await apps.visit("/");
  await eventually("the app's edit", async () => (await alice.text()) === "from the app");
});

test("the tabs are used with the arrow keys, and the panel follows", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const { page } = await people.enter("tabs");
  await page.getByRole("tab", { name: "y-websocket" }).focus();
  const selected = () => page.getByRole("tab", { selected: true }).textContent();
  for (const [key, label] of [
    ["ArrowRight", "Hocuspocus"],
    ["End", "React"],
    ["ArrowRight", "y-websocket"],
    ["ArrowLeft", "React"],
    ["Home", "y-websocket"],
  ] as const) {
    await page.keyboard.press(key);
    expect(await selected()).toBe(label);
    expect(await page.getByRole("tabpanel", { name: label }).count()).toBe(1);
  }
});
