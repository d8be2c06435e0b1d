import { expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type DemoPage, meshed, relayed } from "../support/browser/page.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

const chromium = openChromium();

/** A screenshot of the board, as base64. */
async function board({ page }: DemoPage): Promise<string> {
  return (await page.getByLabel("Shared board").screenshot()).toString("base64");
}

async function drawLine({ page }: DemoPage): Promise<void> {
  const surface = page.getByLabel("Shared board");
  await surface.scrollIntoViewIfNeeded();
  const box = await surface.boundingBox();
  if (box === null) throw new Error("the board is not shown");
  await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.3);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.7, { steps: 12 });
  await page.mouse.up();
}

test("a line appears in the other window, and clearing the board removes it from both", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterBoth("board");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  await alice.page.mouse.move(0, 0);
  const empty = await board(bob);
  await drawLine(alice);
  await eventually("Bob sees it", async () => (await board(bob)) !== empty);
  await bob.page.getByRole("button", { name: "Clear board" }).click();
  await bob.page.mouse.move(0, 0);
  await eventually("both boards are empty", async () => {
    const state = await Promise.all(pages.map(strokes));
    return state.every((count) => count === 0);
  });
});

/** The number of strokes: the length of the only array in the document. */
function strokes({ page }: DemoPage): Promise<number> {
  return page.evaluate(() => {
    const { doc, Y } = globalThis.yurt;
    let count = 0;
    for (const shared of doc.share.values()) if (shared instanceof Y.Array) count += shared.length;
    return count;
  });
}

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
