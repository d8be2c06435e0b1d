import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

/** The error of a test whose page has run `script` (which sets `done` at its end), or "no error". */
async function errorAfter(script: string, bypassCSP = false): Promise<string> {
  await using server = await startTestServer();
  const people = chromium.people({ url: server.url, context: { bypassCSP } });
  const page = await people.visit("/");
  await page.evaluate(script);
  await eventually("the script has finished", () => page.evaluate<boolean>("globalThis.done === true"));
  // The pages are closed before the server stops, because a page that loses its connection logs an error.
  return await people[Symbol.asyncDispose]().then(
    () => "no error",
    (error: Error) => error.message,
  );
}

test("a page without errors passes its test", async () => {
  expect(await errorAfter("globalThis.done = true")).toBe("no error");
});

test("a page that throws fails its test", async () => {
  expect(await errorAfter("setTimeout(() => { globalThis.done = true; throw new Error('thrown') })")).toContain(
    "thrown",
  );
});

test("a page that breaks the content security policy fails its test", async () => {
  const inlineScript = `addEventListener("securitypolicyviolation", () => { globalThis.done = true; });
    document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" }));`;
  expect(await errorAfter(inlineScript)).toContain("CSP violation: script-src");
});

test("a page that sends a request to another host fails its test", async () => {
  const picture = `document.body.append(Object.assign(new Image(), {
    src: "http://elsewhere.invalid/", onerror: () => { globalThis.done = true; } }));`;
  expect(await errorAfter(picture, true)).toContain("request to another host: http://elsewhere.invalid/");
});
