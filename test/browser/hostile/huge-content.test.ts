import { test } from "bun:test";
import type * as Y from "yjs";
import { openChromium } from "../../support/browser/browser.ts";
import { eventually } from "../../support/browser/eventually.ts";
import { type DemoPage, lives, relayed } from "../../support/browser/page.ts";
import { ContentWriter } from "../../support/hostile/content-writer.ts";
import type { Write } from "../../support/hostile/foreign-content.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

const huge: readonly (readonly [string, Write])[] = [
  ["one line of 5 MB", (doc) => doc.getText("text").insert(0, "x".repeat(5_000_000))],
  ["a million lines", (doc) => doc.getText("text").insert(0, "x\n".repeat(1_000_000))],
  ["line breaks of two characters", (doc) => doc.getText("text").insert(0, "a\r\nb\r\n".repeat(1_000))],
  ["a thousand marks on a letter", (doc) => doc.getText("text").insert(0, `z${"\u0336".repeat(1_000)}`)],
  ["formats", (doc) => doc.getText("text").insert(0, "bold", { bold: { deep: { deeper: [[[]]] } } })],
  ["a stroke of a million points", (doc) => doc.getArray("strokes").push([stroke(1_000_000)])],
  ["many strokes", (doc) => doc.getArray("strokes").push(Array.from({ length: 20_000 }, () => stroke(50)))],
  ["a million values on the board", (doc) => doc.getArray("strokes").push(Array.from({ length: 1_000_000 }, () => 1))],
  ["200,000 counts", counts],
];

function counts(doc: Y.Doc): void {
  const map = doc.getMap("counter");
  for (let count = 0; count < 200_000; count += 1) map.set(String(count), Number.MAX_VALUE);
}

function stroke(length: number): unknown {
  return { color: "#336699", points: Array.from({ length }, () => [400, 300]) };
}

function sizes(doc: Y.Doc): readonly number[] {
  return [doc.getText("text").length, doc.getArray("strokes").length, doc.getMap("counter").size];
}

function shownSizes({ page }: DemoPage): Promise<readonly number[]> {
  return page.evaluate(() => {
    const { doc } = globalThis.yurt;
    return [doc.getText("text").length, doc.getArray("strokes").length, doc.getMap("counter").size];
  });
}

test("huge content leaves the pages responsive", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  for (const [kind, write] of huge) {
    const room = kind.replaceAll(" ", "-");
    const alice = await people.enter(room);
    await relayed([alice]);
    const writer = await ContentWriter.enter(server.wsUrl, room);
    writer.write(write);
    const written = sizes(writer.doc);
    await eventually(`${kind} has come`, async () => (await shownSizes(alice)).join() === written.join());
    await lives(alice);
    await alice.type("end");
    await eventually(`typed behind ${kind}`, async () =>
      alice.page.evaluate(() => globalThis.yurt.doc.getText("text").toString().endsWith("end")),
    );
    await alice.page.close();
  }
});
