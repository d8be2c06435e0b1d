import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, meshed, relayed } from "../../support/browser/page.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

type Place = readonly [x: number, y: number];

/** A screenshot of the board, as base64. */
async function board({ page }: DemoPage): Promise<string> {
  return (await page.getByLabel("Shared board").screenshot()).toString("base64");
}

/** Moves the mouse to a place on the board, from 0 to 1 in both directions. */
async function moveTo({ page }: DemoPage, [x, y]: Place): Promise<void> {
  const surface = page.getByLabel("Shared board");
  await surface.scrollIntoViewIfNeeded();
  const box = await surface.boundingBox();
  if (box === null) throw new Error("the board is not shown");
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 12 });
}

/** Drags from one place to another, and moves the mouse away from the board. */
async function drag(demo: DemoPage, from: Place, to: Place): Promise<void> {
  await moveTo(demo, from);
  await demo.page.mouse.down();
  await moveTo(demo, to);
  await demo.page.mouse.up();
  await demo.page.mouse.move(0, 0);
}

function use({ page }: DemoPage, name: string): Promise<void> {
  return page.getByRole("button", { name, exact: true }).click();
}

/** The colours of the strokes in the document. */
function strokes({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate(() =>
    globalThis.yurt.doc.getArray<{ color: string }>("strokes").map(({ color }: { color: string }) => color),
  );
}

async function haveStrokes(pages: readonly DemoPage[], count: number): Promise<void> {
  await eventually(`${count} strokes everywhere`, async () =>
    (await Promise.all(pages.map(strokes))).every(({ length }) => length === count),
  );
}

test("a line appears in the other window, and a board that is cleared can be brought back", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("board");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  const clear = bob.page.getByRole("button", { name: "Clear board" });
  expect(await clear.isDisabled()).toBe(true);
  const empty = await board(bob);
  await drag(alice, [0.2, 0.3], [0.8, 0.7]);
  await haveStrokes(pages, 1);
  await eventually("Alice's pointer has left the board", async () =>
    bob.page.evaluate(() => [...globalThis.yurt.awareness.getStates().values()].every(({ pointer }) => !pointer)),
  );
  expect(await board(bob)).not.toBe(empty);
  await clear.click();
  await haveStrokes(pages, 0);
  expect(await clear.isDisabled()).toBe(true);
  await bob.page.getByRole("button", { name: "Bring it back" }).click();
  await haveStrokes(pages, 1);
});

test("the eraser removes the strokes that it touches, and undo takes back the own last change only", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("eraser");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  await drag(alice, [0.1, 0.2], [0.9, 0.2]);
  await drag(alice, [0.1, 0.5], [0.9, 0.5]);
  await drag(bob, [0.1, 0.8], [0.9, 0.8]);
  await haveStrokes(pages, 3);
  await use(alice, "Eraser");
  await drag(alice, [0.5, 0.1], [0.5, 0.6]);
  await haveStrokes(pages, 1);
  await use(alice, "Undo");
  await haveStrokes(pages, 3);
  await use(bob, "Undo");
  await haveStrokes(pages, 2);
  for (let presses = 0; presses < 2; presses += 1) await use(alice, "Undo");
  await haveStrokes(pages, 0);
  expect(await alice.page.getByRole("button", { name: "Undo", exact: true }).isDisabled()).toBe(true);
});

test("a stroke has the colour that was chosen, and the own colour by default", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("colours");
  await relayed([alice]);
  const own = await alice.page.getByLabel("Your colour", { exact: true }).inputValue();
  await drag(alice, [0.1, 0.2], [0.9, 0.2]);
  await use(alice, "Colour 2");
  await drag(alice, [0.1, 0.5], [0.9, 0.5]);
  await haveStrokes([alice], 2);
  const [first, second] = await strokes(alice);
  expect(first).toBe(own);
  expect(second).toMatch(/^#[0-9a-f]{6}$/);
  expect(second).not.toBe(own);
});

test("others see where a pointer is on the board, until it leaves", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("pointers");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  const empty = await board(bob);
  await moveTo(alice, [0.5, 0.5]);
  await eventually("Bob sees the pointer", async () => (await board(bob)) !== empty);
  await alice.page.mouse.move(0, 0);
  await eventually("the pointer is gone", async () => (await board(bob)) === empty);
});

test("the counter counts every press, including simultaneous ones", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("counter");
  await Promise.all([meshed(pages), relayed(pages)]);
  await Promise.all(
    pages.map(async ({ page }) => {
      for (let presses = 0; presses < 5; presses += 1) await page.getByRole("button", { name: "+1" }).click();
    }),
  );
  await eventually("both windows show ten", async () => {
    const counts = await Promise.all(pages.map(({ page }) => page.locator("[data-counter]").textContent()));
    return counts.every((count) => count === "10");
  });
  expect(await pages[0].page.locator("output[data-counter]").count()).toBe(1);
});
