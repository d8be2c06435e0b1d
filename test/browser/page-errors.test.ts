import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

/** What the end of a test says of a page that has run `misdeed`, which sets `done` when it is over. */
async function verdictOn(misdeed: string, bypassCSP = false): Promise<string> {
  await using server = await startTestServer();
  const people = chromium.people({ url: server.url, context: { bypassCSP } });
  const page = await people.visit("/");
  await page.evaluate(misdeed);
  await eventually("it has happened", () => page.evaluate<boolean>("globalThis.done === true"));
  // Before the server goes: a page that loses it complains.
  return await people[Symbol.asyncDispose]().then(
    () => "no trouble",
    (error: Error) => error.message,
  );
}

test("a page that behaves is no trouble", async () => {
  expect(await verdictOn("globalThis.done = true")).toBe("no trouble");
});

test("a page that throws fails its test", async () => {
  expect(await verdictOn("setTimeout(() => { globalThis.done = true; throw new Error('thrown') })")).toContain(
    "thrown",
  );
});

test("a page that breaks the content security policy fails its test", async () => {
  const inlineScript = `addEventListener("securitypolicyviolation", () => { globalThis.done = true; });
    document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" }));`;
  expect(await verdictOn(inlineScript)).toContain("CSP violation: script-src");
});

test("a page that asks another host fails its test", async () => {
  const picture = `document.body.append(Object.assign(new Image(), {
    src: "http://elsewhere.invalid/", onerror: () => { globalThis.done = true; } }));`;
  expect(await verdictOn(picture, true)).toContain("asked another host: http://elsewhere.invalid/");
});
