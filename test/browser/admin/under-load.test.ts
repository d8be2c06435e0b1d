import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { AdminPage } from "../../support/browser/admin-page.ts";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { Child } from "../../support/processes/child.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

/** Each process puts on the server what the bench calls the load of an open dashboard. */
const loads = ["first", "second"] as const;
const load = { rooms: 20, members: 5, updatesPerSecond: 200, topicMembers: 20 } as const;

/** The name of a chart: its time and its latest values. */
function nameOf(page: Page, chart: string): Promise<string | null> {
  return page.getByRole("img", { name: new RegExp(`^${chart}`) }).getAttribute("aria-label");
}

/** Reads the latest value of a line from the name of its chart. */
function latest(name: string | null, line: string): number | undefined {
  const value = new RegExp(`${line}: now ([\\d,.]+),`).exec(name ?? "")?.[1];
  return value === undefined ? undefined : Number(value.replaceAll(",", ""));
}

/** Collects so many values of a chart, each of another sample: equal rates have names with different times. */
async function samples(page: Page, chart: string, line: string, count: number): Promise<readonly number[]> {
  const values: number[] = [];
  let before: string | null = null;
  await eventually(`${count} samples of ${chart}`, async () => {
    const name = await nameOf(page, chart);
    const value = latest(name, line);
    if (value !== undefined && name !== before) values.push(value);
    before = name;
    return values.length >= count;
  });
  return values;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Notes how long each click on a link is not answered: from the input to the frame that has other headings. */
const noteWaits = `
  globalThis.waits = [];
  addEventListener("click", ({ timeStamp }) => {
    const headings = () => Array.from(document.querySelectorAll("main h1, main h2"), (each) => each.textContent).join();
    const before = headings();
    const look = () => {
      if (headings() === before) requestAnimationFrame(look);
      else requestAnimationFrame(() => globalThis.waits.push(performance.now() - timeStamp));
    };
    look();
  }, { capture: true });
`;

test("the dashboard is used while two loads of the bench run: its figures agree, and it answers at once", async () => {
  await using server = await startTestServer();
  await using people = chromium.people({ url: server.url });
  const admin = await AdminPage.open(people, server);
  const { page } = admin;
  await page.evaluate(noteWaits);
  await using running = new AsyncDisposableStack();
  const children = loads.map((prefix) => running.use(new Child("load/bench-load.ts", [String(server.port), prefix])));
  for (const child of children) expect(await child.line()).toBe("open");

  await eventually("all connections", async () => {
    const name = await nameOf(page, "Connections in");
    const open = [latest(name, "y-websocket"), latest(name, "JSON signaling")];
    return open.join() === [load.rooms * load.members * 2, load.topicMembers * 2].join();
  });
  // The first sample may begin before the load.
  const [, ...rates] = await samples(page, "Updates per second", "Updates", 4);
  const rate = median(rates) / (load.updatesPerSecond * loads.length);
  expect(rate).toBeGreaterThan(0.6);
  expect(rate).toBeLessThan(1.5);

  const views = page.getByRole("navigation", { name: "Dashboard" });
  const title = (name: string) => page.getByRole("heading", { name, level: 1, exact: true });
  await views.getByRole("link", { name: "Rooms" }).click();
  const members = () => page.locator("tbody tr td:last-child").allTextContents();
  const allRooms = Array.from({ length: load.rooms * loads.length }, () => String(load.members));
  await eventually("all rooms with their members", async () => (await members()).join() === allRooms.join());
  await page.getByRole("link", { name: "Signaling", exact: true }).click();
  for (const prefix of loads) {
    const topic = page.getByRole("row").filter({ hasText: `${prefix}-topic-0` });
    await topic.getByText(String(load.topicMembers), { exact: true }).waitFor();
  }

  await views.getByRole("link", { name: "Documents" }).click();
  await page.getByRole("link", { name: "second-7", exact: true }).click();
  await title("second-7").waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByRole("link", { name: `${load.members} connected` }).waitFor();
  const content = page.getByRole("list", { name: "Content" });
  for (let change = 0; change < 3; change += 1) {
    const before = await content.textContent();
    await eventually("another content", async () => (await content.textContent()) !== before);
  }
  for (const view of ["Access", "Overview", "Rooms"]) {
    await views.getByRole("link", { name: view }).click();
    await title(view).waitFor();
  }
  const waits = () => page.evaluate<readonly number[]>("globalThis.waits");
  await eventually("all clicks are answered", async () => (await waits()).length === 7);
  expect(Math.max(...(await waits()))).toBeLessThan(1_000);

  for (const child of children) process.kill(child.pid, "SIGTERM");
  for (const child of children) expect(await child.line()).toBe("complete");
}, 90_000);
