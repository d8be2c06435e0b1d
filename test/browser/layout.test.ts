import { expect, test } from "bun:test";
import { openChromium } from "../support/browser.ts";
import type { DemoPage } from "../support/browser-page.ts";
import { startTestServer } from "../support/start-test-server.ts";

const chromium = openChromium();

/** Relative luminance as a browser paints it, from 0 (black) to 1. */
async function brightness({ page }: DemoPage, property: "color" | "backgroundColor"): Promise<number> {
  const pixel = await page.evaluate<number[]>(`(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = "Canvas";
    const style = [document.documentElement, document.body].map((element) => getComputedStyle(element).${property});
    for (const colour of style) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  })()`);
  const [red = 0, green = 0, blue = 0] = pixel;
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

test.each([
  ["light", "dark on bright"],
  ["dark", "bright on dark"],
] as const)("with a %s colour scheme the page is %s", async (colorScheme, expected) => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { colorScheme } });
  const page = await people.enter("colours");
  const [text, background] = [await brightness(page, "color"), await brightness(page, "backgroundColor")];
  expect(text < background ? "dark on bright" : "bright on dark").toBe(expected);
  expect(Math.abs(text - background)).toBeGreaterThan(0.5);
});

test.each([
  [320, 568],
  [390, 844],
  [768, 1024],
  [1280, 800],
])("at %d × %d nothing lies beside the screen", async (width, height) => {
  await using server = await startTestServer();
  await using people = chromium.people({
    url: server.url,
    context: { viewport: { width, height }, isMobile: width < 768, hasTouch: width < 768 },
  });
  const alice = await people.enter("a room with a rather long name that would not fit into one line of a phone");
  const word = "longwithoutanyplacetobreakit".repeat(8);
  await alice.page.evaluate((text) => globalThis.yurt.doc.getText("text").insert(0, text), word);
  await alice.editor.filter({ hasText: word }).waitFor();
  const widths = await alice.page.evaluate<number[]>(
    "[document.documentElement.scrollWidth, document.body.scrollWidth].map((width) => width - innerWidth)",
  );
  expect(Math.max(...widths)).toBeLessThanOrEqual(0);
});
