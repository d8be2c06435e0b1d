import { beforeAll, expect, test } from "bun:test";
import type { Peer } from "peerjs";
import type { Page } from "playwright-core";
import { openChromium } from "../support/browser/browser.ts";
import { eventually } from "../support/browser/eventually.ts";
import { type ServedSnippet, serveSnippet } from "../support/browser/snippet.ts";
import { revoke, secret, tokenFor } from "../support/bytes/tokens.ts";
import { startTestServer, type TestServerOptions } from "../support/servers/start-test-server.ts";

declare global {
  /** The client that the page has opened. It exists in the page only. */
  var peer: Peer;
  /** Opens a client and records its events in `seen`. */
  var openPeer: (id: string | undefined, options: object) => void;
  /** Connects to the client with this id. */
  var call: (id: string) => void;
  var seen: string[];
}

const chromium = openChromium();
let app: ServedSnippet;

/** An app that greets over each data connection that it opens, and answers greetings over all of them. */
const code = `
  import { Peer } from "peerjs";
  globalThis.seen = [];
  const watch = (connection) => {
    connection.on("open", () => seen.push("connected to " + connection.peer));
    connection.on("data", (data) => {
      seen.push(connection.peer + " says " + data);
      if (data === "hello") connection.send("hello yourself");
    });
  };
  globalThis.openPeer = (id, options) => {
    globalThis.peer = id === undefined ? new Peer(options) : new Peer(id, options);
    peer.on("open", (given) => seen.push("open as " + given));
    peer.on("error", ({ type }) => seen.push("error " + type));
    peer.on("disconnected", () => seen.push("disconnected"));
    peer.on("connection", watch);
  };
  globalThis.call = (id) => {
    const connection = peer.connect(id, { reliable: true });
    watch(connection);
    connection.on("open", () => connection.send("hello"));
  };`;

beforeAll(async () => {
  app = await serveSnippet(code);
});

async function setUp(serverOptions: TestServerOptions = {}) {
  const server = await startTestServer(serverOptions);
  // PeerJS logs each of its errors, and Chromium logs a response with 401.
  const tolerated = [/PeerJS|Could not get an ID|401/];
  const people = chromium.people({ url: app.url, otherUrl: server.url, tolerated });
  const options = { host: "127.0.0.1", port: server.port, path: "/peerjs", config: { iceServers: [] } };
  const visit = () => people.visit("/");
  const enter = (page: Page, id?: string, more: object = {}) =>
    page.evaluate(([given, all]) => openPeer(given, all), [id, { ...options, ...more }] as const);
  const open = async (id?: string, more: object = {}) => {
    const page = await visit();
    await enter(page, id, more);
    return page;
  };
  const dispose = async () => {
    await people[Symbol.asyncDispose]();
    await server.stop();
  };
  return { url: server.url, visit, enter, open, [Symbol.asyncDispose]: dispose };
}

const seenBy = (page: Page) => page.evaluate(() => globalThis.seen);

async function sees(page: Page, what: string): Promise<void> {
  try {
    await eventually(what, async () => (await seenBy(page)).includes(what));
  } catch (error) {
    throw new Error(`the page has seen ${JSON.stringify(await seenBy(page))}`, { cause: error });
  }
}

async function talks(page: Page, id: string): Promise<void> {
  await page.evaluate((other) => call(other), id);
  await sees(page, `connected to ${id}`);
  await sees(page, `${id} says hello yourself`);
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
