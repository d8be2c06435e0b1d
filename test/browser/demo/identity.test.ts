import { expect, test } from "bun:test";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { DemoPage, relayed } from "../../support/browser/page.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

interface Identity {
  readonly name: string;
  readonly color: string;
}

async function identity({ page }: DemoPage): Promise<Identity> {
  const [name, color] = await Promise.all([
    page.getByLabel("Your name").inputValue(),
    page.getByLabel("Your colour", { exact: true }).inputValue(),
  ]);
  return { name, color };
}

/** The names and colours of all people whom a page lists. */
function listed({ page }: DemoPage): Promise<readonly Identity[]> {
  return page.evaluate(() =>
    [...globalThis.yurt.awareness.getStates().values()].flatMap((state) => (state["user"] ? [state["user"]] : [])),
  );
}

const differ = (values: readonly string[]) => new Set(values).size === values.length;

test("a random name and its colour are kept over a reload", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("reload");
  await relayed([alice]);
  const before = await identity(alice);
  for (let reloads = 0; reloads < 2; reloads += 1) {
    await alice.page.reload();
    await alice.ready();
    await relayed([alice]);
    expect(await identity(alice)).toEqual(before);
  }
});

test("windows of one browser, which begin with the same profile, get different names and colours, and keep them", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const first = await people.enter("twins");
  await relayed([first]);
  await first.page.getByLabel("Your name").fill("Ann");
  const before = await identity(first);
  const windows = [first];
  for (let count = 0; count < 3; count += 1) {
    const next = new DemoPage(await first.page.context().newPage());
    await next.page.goto(first.page.url());
    await next.ready();
    windows.push(next);
  }
  await relayed(windows);
  const settled = async () => {
    const seen = await listed(first);
    return seen.length === 4 && differ(seen.map(({ color }) => color)) && differ(seen.map(({ name }) => name));
  };
  await eventually("all differ", settled);
  expect(await identity(first)).toEqual(before);
  const [, second] = windows;
  if (second === undefined) throw new Error("no second window");
  const own = await identity(second);
  expect(own.name).toBe("Ann");
  expect(await second.people.filter({ hasText: "shown as “Ann 2”" }).count()).toBe(1);
  await second.page.reload();
  await second.ready();
  await relayed([second]);
  // Other windows may keep the state of the page before its reload for 30 s.
  await eventually("all differ after a reload", settled, 40_000);
  expect(await identity(second)).toEqual(own);
  expect(await identity(first)).toEqual(before);
});

test("ten people have ten colours", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const pages = await people.enterAll(10, "crowd");
  await eventually("ten colours", async () => {
    const seen = await listed(pages[0] ?? (await people.enter("crowd")));
    return seen.length === 10 && differ(seen.map(({ color }) => color));
  });
});

/** The number of updates that the browser has stored. */
function storedUpdates({ page }: DemoPage): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve, reject) => {
    const opening = indexedDB.open("yurt/open/offline");
    opening.onerror = reject;
    opening.onsuccess = () => {
      const counting = opening.result.transaction("updates").objectStore("updates").count();
      counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
    };
  })`);
}

test("what was switched off stays off over a reload", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("offline");
  await relayed([alice]);
  await alice.turn("Offline", "on");
  await alice.type("written offline");
  await eventually("the browser has stored it", async () => (await storedUpdates(alice)) >= "written offline".length);
  await alice.page.reload();
  await alice.ready();
  expect(await alice.page.getByRole("switch", { name: "Offline" }).isChecked()).toBe(true);
  expect(await alice.isOnRelay()).toBe(false);
  await eventually("the text of before", async () => (await alice.text()) === "written offline");
  await alice.turn("Offline", "off");
  await relayed([alice]);
  await eventually("saved", async () => (await alice.syncState()) === "saved");
});
