import { beforeAll, expect, test } from "bun:test";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { peerJsPages, seenBy, sees, servePeerJsApp, talks } from "../support/browser/peerjs-pages.ts";
import type { ServedSnippet } from "../support/browser/snippet.ts";
import { revoke, secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer, type TestServerOptions } from "../support/servers/start-test-server.ts";

const chromium = openChromium();
let app: ServedSnippet;

beforeAll(async () => {
  app = await servePeerJsApp();
});

async function setUp(serverOptions: TestServerOptions = {}) {
  const server = await startTestServer(serverOptions);
  const pages = peerJsPages(chromium, app, server);
  const dispose = async () => {
    await pages[Symbol.asyncDispose]();
    await server.stop();
  };
  return { ...pages, url: server.url, [Symbol.asyncDispose]: dispose };
}

test("two pages open a data connection, one of them under an id that the server generated", async () => {
  await using peers = await setUp();
  const [alice, bob] = [await peers.open(), await peers.open("bob")];
  await sees(bob, "open as bob");
  await eventually("Alice has an id", async () => (await seenBy(alice)).length > 0);
  const [opened = ""] = await seenBy(alice);
  expect(opened).toMatch(/^open as [0-9a-f-]{36}$/);
  await talks(alice, "bob");
  await sees(bob, `${opened.replace("open as ", "")} says hello`);
});

test("an id that is in use is unavailable, and its client stays connected", async () => {
  await using peers = await setUp();
  const alice = await peers.open("alice");
  await sees(alice, "open as alice");
  const thief = await peers.open("alice");
  await sees(thief, "error unavailable-id");
  const bob = await peers.open("bob");
  await sees(bob, "open as bob");
  await talks(bob, "alice");
  expect(await seenBy(alice)).not.toContain("disconnected");
});

test("a client that reconnects gets its id back, even while its old connection still seems open", async () => {
  await using peers = await setUp();
  const [alice, bob] = [await peers.open("alice", { token: "secret" }), await peers.open("bob")];
  await sees(alice, "open as alice");
  await alice.evaluate(() => {
    globalThis.seen.length = 0;
    globalThis.peer.disconnect();
    globalThis.peer.reconnect();
  });
  await sees(alice, "open as alice");
  const again = await peers.open("alice", { token: "secret" });
  await sees(again, "open as alice");
  await sees(alice, "disconnected");
  await talks(bob, "alice");
  await sees(again, "bob says hello");
  expect(await seenBy(alice)).not.toContain("bob says hello");
});

test("a peer that connects within five seconds receives the offer, and any other is unavailable", async () => {
  await using peers = await setUp();
  // The second page is opened in advance, because that may take longer than the five seconds.
  const [alice, late] = [await peers.open("alice"), await peers.visit()];
  await sees(alice, "open as alice");
  await alice.evaluate(() => {
    globalThis.call("nobody");
    globalThis.call("late");
  });
  // The offer needs a moment to get to the mailbox.
  await Bun.sleep(500);
  await peers.enter(late, "late");
  await sees(late, "alice says hello");
  await sees(alice, "late says hello yourself");
  await sees(alice, "error peer-unavailable");
  expect((await seenBy(alice)).filter((what) => what.startsWith("error"))).toHaveLength(1);
});

test("a wrong key is refused, with an id and without", async () => {
  await using peers = await setUp();
  const [named, nameless] = [
    await peers.open("alice", { key: "other" }),
    await peers.open(undefined, { key: "other" }),
  ];
  await sees(named, "error server-error");
  await sees(nameless, "error server-error");
});

test("in mode token, the key carries the token: without one a client is refused, and a revocation ends its connection", async () => {
  await using peers = await setUp({ auth: { mode: "token", secrets: [secret] } });
  const token = await tokenFor({ "peerjs/peerjs": "read" }, { sub: "ann" });
  const key = `peerjs&access_token=${token}`;
  const [alice, bob, stranger] = [
    await peers.open(undefined, { key }),
    await peers.open("bob", { key }),
    await peers.open("stranger"),
  ];
  await sees(bob, "open as bob");
  await eventually("Alice has an id", async () => (await seenBy(alice)).length > 0);
  await talks(alice, "bob");
  await sees(stranger, "error server-error");
  await revoke(peers.url, { user: "ann" });
  await sees(bob, "error server-error");
  await sees(bob, "disconnected");
});
