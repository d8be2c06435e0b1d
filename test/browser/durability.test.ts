import { test } from "bun:test";
import { rm } from "node:fs/promises";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { haveText, meshed, relayed } from "../support/browser/page.ts";
import { startTestServer, temporaryFolder } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
/** Chromium logs these errors when a WebSocket cannot reach the server. */
const connectionRefused = /ERR_CONNECTION_REFUSED|WebSocket connection to .* failed/;

test("the text survives a reload, and a browser that joins an empty room receives it", async () => {
  await using server = await startTestServer();
  await using people = chromium.people(server);
  const alice = await people.enter("reload");
  await relayed([alice]);
  await alice.type("still here");
  await eventually("saved", async () => (await alice.syncState()) === "saved");
  await alice.page.reload();
  await alice.ready();
  await haveText([alice], "still here");
  await alice.page.close();
  await haveText([await people.enter("reload")], "still here");
});

test("a restart of the server loses nothing, and browsers reconnect by themselves", async () => {
  const dataFolder = await temporaryFolder();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(dataFolder, { recursive: true, force: true }));
  await using first = await startTestServer({ dataFolder });
  await using people = chromium.people({ url: first.url, tolerated: [connectionRefused] });
  const pages = await people.enterBoth("restart");
  const [alice, bob] = pages;
  await Promise.all([meshed(pages), relayed(pages)]);
  await alice.type("before ");
  await haveText(pages, "before ");
  await first.stop();
  await eventually(
    "both pages have left the relay",
    async () => !(await alice.isOnRelay()) && !(await bob.isOnRelay()),
  );
  await bob.type("meanwhile ");
  await haveText(pages, "before meanwhile ");
  await using _second = await startTestServer({ dataFolder, port: first.port });
  await relayed(pages);
  await alice.type("after");
  await haveText(pages, "before meanwhile after");
  await eventually("saved", async () => (await alice.syncState()) === "saved");
  await Promise.all(pages.map(({ page }) => page.close()));
  await haveText([await people.enter("restart")], "before meanwhile after");
});
