import type { Peer } from "peerjs";
import type { Page } from "playwright-core";
import type { TestServer } from "../servers/start-test-server.ts";
import type { openChromium } from "./browser.ts";
import { eventually } from "./eventually.ts";
import { type ServedSnippet, serveSnippet } from "./snippet.ts";

declare global {
  /** The client that the page has opened. It exists in the page only. */
  var peer: Peer;
  /** Opens a client and records its events in `seen`. */
  var openPeer: (id: string | undefined, options: object) => void;
  /** Connects to the client with this id. */
  var call: (id: string) => void;
  var seen: string[];
}

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

/** Serves the app. */
export const servePeerJsApp = (): Promise<ServedSnippet> => serveSnippet(code);

/** Opens pages of the app, whose clients connect to a server. */
export function peerJsPages(chromium: ReturnType<typeof openChromium>, app: ServedSnippet, server: TestServer) {
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
  return { visit, enter, open, [Symbol.asyncDispose]: () => people[Symbol.asyncDispose]() };
}

export const seenBy = (page: Page) => page.evaluate(() => globalThis.seen);

export async function sees(page: Page, what: string): Promise<void> {
  try {
    await eventually(what, async () => (await seenBy(page)).includes(what));
  } catch (error) {
    throw new Error(`the page has seen ${JSON.stringify(await seenBy(page))}`, { cause: error });
  }
}

export async function talks(page: Page, id: string): Promise<void> {
  await page.evaluate((other) => call(other), id);
  await sees(page, `connected to ${id}`);
  await sees(page, `${id} says hello yourself`);
}
