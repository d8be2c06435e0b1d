import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchChromium, openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { DemoPage, haveText, relayed } from "../support/browser/page.ts";
import { findProgram } from "../support/processes/programs.ts";
import { ReverseProxy } from "../support/servers/reverse-proxy.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "yurt-sharing-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Presses the button and resolves with the text that it has put on the clipboard. */
async function copied({ page }: DemoPage, button: string): Promise<string> {
  const read = () => page.evaluate<string>("navigator.clipboard.readText()");
  await page.evaluate('navigator.clipboard.writeText("")');
  await page.getByRole("button", { name: button }).click();
  await eventually("the clipboard has a text", async () => (await read()) !== "");
  return read();
}

test("the copied link opens this room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("sharing & caring");
  await alice.openInvitation();
  const link = new URL(await copied(alice, "Copy link"));
  expect(link.origin).toBe(server.url);
  expect(link.searchParams.get("room")).toBe("sharing & caring");
  expect(link.hash).toBe("");
});

test("the copied link of a room with a password contains the password", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("closed", { password: "open sesame/?#" });
  await alice.openInvitation();
  const link = new URL(await copied(alice, "Copy link"));
  expect(link.searchParams.get("room")).toBe("closed");
  expect(decodeURIComponent(link.hash)).toBe("#password=open sesame/?#");
  expect(link.search).not.toContain("password");
});

test("the copied snippet is the one shown, and names this server and this room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("snippet");
  const snippet = await copied(alice, "Copy code");
  expect(snippet).toBe((await alice.page.locator("[data-snippet]").textContent()) ?? "");
  expect(snippet).toContain(server.wsUrl);
  expect(snippet).toContain('"snippet"');
});

test("a second window of the same browser opens the same room", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("second window");
  const context = alice.page.context().waitForEvent("page");
  await alice.page.evaluate<void>(`(() => {
    const { open } = window;
    window.open = (...args) => {
      globalThis.openedWith = args;
      return open.apply(window, args);
    };
  })()`);
  await alice.page.getByRole("link", { name: "Open a second window" }).click();
  const second = new DemoPage(await context);
  await second.ready();
  // A window of half the screen, which can be put beside this one, and not a tab.
  const [, , features] = await alice.page.evaluate<string[]>("globalThis.openedWith");
  const width = await alice.page.evaluate<number>("Math.max(360, Math.floor(screen.availWidth / 2))");
  expect(features).toContain(`popup,noopener,width=${width},`);
  expect(new URL(second.page.url()).searchParams.get("room")).toBe("second window");
  await alice.type("to the other window");
  await haveText([second], "to the other window");
  await eventually("listed as the same browser", async () => (await alice.reachOf(second)) === "same-browser");
});

test.skipIf(findProgram("caddy") === undefined).each([
  ["passes the path on", "handle"],
  ["removes the path", "handle_path"],
])("the demo works behind a proxy that serves it below a path and %s", async (_, directive) => {
  await using server = await startTestServer({ basePath: "/yurt", publicUrl: "http://localhost/yurt" });
  await using proxy = await ReverseProxy.start({
    program: "caddy",
    configuration: `127.0.0.1 {\n\t${directive} /yurt* {\n\t\treverse_proxy yurt.internal\n\t}\n}\n`,
    publicHost: "127.0.0.1",
    upstream: "yurt.internal",
    server: `127.0.0.1:${server.port}`,
    folder: await mkdtemp(join(parent, "proxy-")),
  });
  await using people = chromium.people({ url: `http://127.0.0.1:${proxy.port}/yurt` });
  const [alice, bob] = await people.enterBoth("below a path");
  await relayed([alice, bob]);
  await alice.useOnly("WebSocket");
  await alice.type("through the proxy");
  await haveText([alice, bob], "through the proxy");
  expect(await alice.page.locator("[data-snippet]").textContent()).toContain('"ws://localhost/yurt/sync"');
  const invitation = await alice.openInvitation();
  expect(await invitation.textContent()).toContain("http://localhost/yurt/?room=below+a+path");
  if (directive !== "handle") return;
  const carol = new DemoPage(await people.visit("?room=below+a+path"));
  await carol.ready();
  expect(new URL(carol.page.url()).pathname).toBe("/yurt/");
  await haveText([carol], "through the proxy");
});

test("a page that was opened from the disk connects when the origin null is listed, and not otherwise", async () => {
  const file = join(parent, "page.html");
  await Bun.write(file, "<title>A page on the disk</title>");
  await using browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(`file://${file}`);
  const outcomeAt = (url: string) =>
    page.evaluate(
      (address) =>
        new Promise<string>((resolve) => {
          const socket = new WebSocket(address);
          socket.onopen = () => resolve("open");
          socket.onclose = () => resolve("refused");
        }),
      `${url}/signal`,
    );
  await using listed = await startTestServer({ origins: ["null"] });
  await using unlisted = await startTestServer();
  expect([await outcomeAt(listed.wsUrl), await outcomeAt(unlisted.wsUrl)]).toEqual(["open", "refused"]);
});
