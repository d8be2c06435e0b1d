import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, haveText } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
const phone = { width: 390, height: 844 };

/** The relative luminance of a colour as the browser paints it, from 0 (black) to 1 (white). */
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
])("at %d × %d nothing overflows the screen horizontally", async (width, height) => {
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

interface Distances {
  readonly aboveName: number;
  readonly belowName: number;
}

/** The distances between the name at a caret in the second line and the letters of this line and the one above it. */
function distances({ page }: DemoPage): Promise<Distances> {
  return page.evaluate<Distances>(`(() => {
    const name = document.querySelector(".remote-name").getBoundingClientRect();
    const [first, second] = document.querySelectorAll(".cm-line");
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.font = getComputedStyle(first).font;
    const letters = context.measureText("bdfhklT gjpqy");
    const baseline = (line) => {
      const range = document.createRange();
      range.selectNodeContents(line);
      return range.getClientRects()[0].top + letters.fontBoundingBoxAscent;
    };
    return {
      aboveName: name.top - (baseline(first) + letters.actualBoundingBoxDescent),
      belowName: baseline(second) - letters.actualBoundingBoxAscent - name.bottom,
    };
  })()`);
}

test("the name at a caret covers no letters", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("names");
  await alice.type("happy gypsy\nTall flock");
  await bob.page.locator(".remote-name").waitFor();
  await haveText([bob], "happy gypsy\nTall flock");
  const { aboveName, belowName } = await distances(bob);
  expect(aboveName).toBeGreaterThanOrEqual(0);
  expect(belowName).toBeGreaterThanOrEqual(0);
});

/** The number of letters in the first row of a text that is one long word. */
function lengthOfFirstRow({ page }: DemoPage): Promise<number> {
  return page.evaluate<number>(`(() => {
    const text = document.querySelector(".cm-line").firstChild;
    const topOf = (index) => {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + 1);
      return range.getBoundingClientRect().top;
    };
    return [...text.data].findIndex((_, index) => topOf(index) > topOf(0));
  })()`);
}

test("the name at a caret at the right edge stays inside the editor", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: phone } });
  const [alice, bob] = await people.enterBoth("edge");
  await alice.type("o".repeat(80));
  const row = "o".repeat((await lengthOfFirstRow(alice)) - 1);
  await alice.page.keyboard.press("Control+A");
  await alice.page.keyboard.type(row);
  await haveText([bob], row);
  const name = bob.page.locator(".remote-name");
  const caret = bob.page.locator(".remote-caret");
  await eventually("the caret is at the edge", async () => ((await caret.boundingBox())?.x ?? 0) > phone.width - 70);
  const [box, editor] = [await name.boundingBox(), await bob.editor.boundingBox()];
  if (box === null || editor === null) throw new Error("no name, or no editor");
  expect(box.x).toBeGreaterThanOrEqual(editor.x);
  expect(box.x + box.width).toBeLessThanOrEqual(editor.x + editor.width);
});

test.each([390, 768, 820, 1280])("at a width of %d going offline moves neither headline nor page", async (width) => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: { width, height: 800 } } });
  const alice = await people.enter("offline");
  const measures = () =>
    alice.page.evaluate<number[]>(
      '[document.querySelector("h1").offsetHeight, document.querySelector("main").offsetTop]',
    );
  await eventually("saved", async () => (await alice.syncState()) === "saved");
  const online = await measures();
  await alice.turn("Offline", "on");
  await alice.type("not yet saved");
  await alice.page.getByText(/\d unsaved changes/).waitFor();
  expect(await measures()).toEqual(online);
});

/** The number of rows over which each match in the element extends. */
function rows({ page }: DemoPage, selector: string, pattern: RegExp): Promise<readonly number[]> {
  return page.evaluate<number[]>(`(() => {
    const walker = document.createTreeWalker(document.querySelector('${selector}'), NodeFilter.SHOW_TEXT);
    const counts = [];
    while (walker.nextNode()) {
      for (const { 0: match, index } of walker.currentNode.data.matchAll(${pattern})) {
        const range = document.createRange();
        range.setStart(walker.currentNode, index);
        range.setEnd(walker.currentNode, index + match.length);
        counts.push(new Set([...range.getClientRects()].map(({ top }) => top)).size);
      }
    }
    return counts;
  })()`);
}

test("on a phone, a URL that fits into a row is not broken", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: phone } });
  const alice = await people.enter("warm-lake-siu9in");
  expect(await rows(alice, "[data-snippet]", /"ws:[^"]*"/g)).toEqual([1]);
  await alice.openInvitation();
  expect(await rows(alice, ".link", /http:[^?]*/g)).toEqual([1]);
  expect(await rows(alice, ".link", /\?room=.*/g)).toEqual([1]);
});

test.each([".link", "[data-snippet]"])("selecting %s by hand adds no breaks to its text", async (selector) => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url, context: { viewport: phone } });
  const alice = await people.enter("selected");
  if (selector === ".link") await alice.openInvitation();
  const [selected, written] = await alice.page.evaluate<string[]>(`(() => {
    const element = document.querySelector('${selector}');
    getSelection().selectAllChildren(element);
    return [getSelection().toString(), element.textContent].map((text) => text.trim());
  })()`);
  expect(selected).toBe(written);
});
