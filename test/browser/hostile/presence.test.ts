import { expect, test } from "bun:test";
import * as Y from "yjs";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, relayed } from "../../support/browser/page.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { type AwarenessBytes, awarenessBytes } from "../../support/hostile/awareness-bytes.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

const overlay = "position:fixed;inset:0;z-index:2147483647;background:red";
const end = { tname: "text", assoc: 0 };
const cursor = { anchor: end, head: end };
const colors = [`red;${overlay}`, `#ff0000;${overlay}`, `url("https://elsewhere.invalid/")`, "</style><script>", 5, {}];
const positions = [
  { anchor: 5 },
  { anchor: 5, head: 5 },
  { anchor: {}, head: {} },
  { anchor: { item: { client: "x", clock: {} } }, head: end },
  { anchor: { item: { client: 1, clock: -1 } }, head: end },
  { anchor: { type: { client: 1, clock: 0 } }, head: end },
  { anchor: { tname: "counter" }, head: { tname: "strokes" } },
  { anchor: { tname: "__proto__" }, head: { tname: "constructor" } },
  "cursor",
];
const drawings = [[[1e308, -1e308]], [[null, "x"]], "points", { length: 1e9 }, [[0, 0], 5]];
const names = ["\u202eRTL", `z${"\u0336".repeat(10_000)}`, "W".repeat(10_000), "\n\n\n", { toString: 5 }, null];

/** States of which each has one hostile part. */
const states: readonly string[] = [
  ...colors.map((color) => ({ user: { name: "colour", color, colorLight: color }, cursor })),
  ...positions.map((position) => ({ user: { name: "cursor" }, cursor: position })),
  ...drawings.map((drawing) => ({ user: { name: "pen" }, cursor, drawing })),
  ...names.map((name) => ({ user: { name, color: "#ff0000" }, cursor })),
  ...[5, "text", [], null].map((user) => ({ user, cursor: user, drawing: user, peerId: user })),
]
  .map((state) => JSON.stringify(state))
  .concat(["5", '"text"', "[]", `${'{"a":'.repeat(400)}1${"}".repeat(400)}`]);

/** The names at the carets of others. */
function carets({ page }: DemoPage): Promise<readonly string[]> {
  return page.locator(".remote-name").allTextContents();
}

/** The elements with a style of their own that could cover the page. */
function overlays({ page }: DemoPage): Promise<readonly string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll("[style]")].flatMap((element) => {
    const { position, zIndex, backgroundImage } = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    const isFree = position === "fixed" || backgroundImage !== "none" || Number(zIndex) > 1000;
    return isFree && width * height > 10_000 ? [element.outerHTML] : [];
  })`);
}

test("hostile presence covers nothing, throws nothing, and hides nobody", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const [alice, bob] = await people.enterBoth("presence");
  await relayed([alice, bob]);
  await bob.page.getByLabel("Your name").fill("Bob");
  const mallory = await RawClient.connect(`${server.wsUrl}/sync/presence`);
  const send = (...entries: readonly AwarenessBytes[]) =>
    mallory.send({ type: "awareness", body: awarenessBytes(...entries) });
  // Each state comes alone and in one message with another one behind it.
  states.forEach((json, index) => {
    send({ clientId: 1_000 + index, clock: 1, json });
    send({ clientId: 2_000 + index, clock: 1, json }, { clientId: 3_000 + index, clock: 1, json: "{}" });
  });
  send({ clientId: 4_000, clock: 1, json: JSON.stringify({ user: { name: "Honest", color: "#0000ff" }, cursor }) });
  const own = await alice.clientId();
  send({ clientId: own, clock: 1_000, json: JSON.stringify({ user: { name: "Not Alice" } }) });
  await eventually(
    "the last one is listed",
    async () => (await alice.people.filter({ hasText: "Honest" }).count()) > 0,
  );
  await bob.type("Bob types");
  for (const page of [alice, bob]) {
    await eventually("an honest caret", async () => (await carets(page)).includes("Honest"));
    expect(await overlays(page)).toEqual([]);
  }
  await eventually("Bob's caret", async () => (await carets(alice)).includes("Bob"));
  expect(await alice.people.filter({ hasText: "Not Alice" }).count()).toBe(0);
  const roots = await alice.page.evaluate(() => [...globalThis.yurt.doc.share.keys()]);
  expect(roots.sort()).toEqual(["counter", "strokes", "text"]);
  await alice.page.reload();
  await alice.ready();
  await eventually("Bob's caret again", async () => (await carets(alice)).includes("Bob"));
  await mallory.close();
});

test("a crowd of 9,000 leaves the page responsive", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("crowd");
  await relayed([alice]);
  const mallory = await RawClient.connect(`${server.wsUrl}/sync/crowd`);
  const json = JSON.stringify({ user: { name: "Crowd" }, cursor });
  for (let clock = 1; clock <= 5; clock += 1) {
    const entries = Array.from({ length: 9_000 }, (_, index) => ({ clientId: index + 1, clock, json }));
    mallory.send({ type: "awareness", body: awarenessBytes(...entries) });
  }
  await alice.page.getByText(/^and \d+ more$/).waitFor();
  await alice.type("still here");
  await eventually("typed", async () => (await alice.text()) === "still here");
  expect(await alice.people.count()).toBe(200);
  await mallory.close();
});

test("a position in the text is shown where it is", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("position");
  await relayed([alice]);
  await alice.type("abc");
  const raw = await RawClient.connect(`${server.wsUrl}/sync/position`);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await raw.sync());
  const at = (index: number) => Y.createRelativePositionFromTypeIndex(doc.getText("text"), index);
  const state = { user: { name: "Ann", color: "#336699" }, cursor: { anchor: at(1), head: at(2) } };
  raw.send({ type: "awareness", body: awarenessBytes({ clientId: 5, clock: 1, json: JSON.stringify(state) }) });
  const selection = alice.page.locator(".remote-selection");
  await selection.waitFor();
  expect(await selection.textContent()).toBe("b");
  expect(
    await selection.evaluate((element: { getAttribute(name: string): string | null }) => element.getAttribute("style")),
  ).toMatch(/^--person: ?#336699;?$/);
  await raw.close();
});
