import { expect, test } from "bun:test";
import { io } from "socket.io-client";
import { openChromium } from "./support/browser/browser.ts";
import { eventually } from "./support/browser/eventually.ts";
import { serveSnippet } from "./support/browser/snippet.ts";
import { storedRows } from "./support/bytes/stored.ts";
import { TestClients } from "./support/clients/providers.ts";
import { ScriptSocket } from "./support/clients/script-socket.ts";
import { SignalingClient } from "./support/clients/signaling-client.ts";
import { countSnippets, readmeSnippets, runModule } from "./support/readme-snippets.ts";
import { startTestServer, type TestServer } from "./support/servers/start-test-server.ts";

const chromium = openChromium();

const snippets = readmeSnippets("Connect your app");

/** The snippet under a heading, for this server instead of the usual one. */
function snippet(heading: string, { port }: TestServer): string {
  const code = snippets.get(heading) ?? "";
  const told = code.replaceAll("127.0.0.1:4444", `127.0.0.1:${port}`).replaceAll("port: 4444", `port: ${port}`);
  expect(told).not.toBe(code);
  return told;
}

async function hasText(server: TestServer, expected: string): Promise<void> {
  await using clients = new TestClients();
  const { text } = clients.connect(server.wsUrl, "my-document");
  await eventually(`the relay has ${expected}`, () => text.toString() === expected);
}

async function listen(server: TestServer): Promise<SignalingClient> {
  const client = await SignalingClient.connect(`${server.wsUrl}/signal`);
  client.say({ type: "subscribe", topics: ["my-document"] });
  await client.settled();
  return client;
}

async function announced(listener: SignalingClient): Promise<void> {
  await eventually("announced", () => listener.heard.some((frame) => frame.includes('"announce"')));
}

test("there is a test for every snippet", () => {
  expect([...snippets.keys()]).toEqual([
    "y-websocket",
    "Hocuspocus",
    "y-webrtc",
    "PeerJS",
    "Peers",
    "Cliffy",
    "OctateCode",
    "Both on one document",
    "Both on one document (2)",
    "React",
    "CodeMirror",
    "Tiptap",
  ]);
  // The others are about access.
  expect(countSnippets()).toBe(snippets.size + 2);
});

test.each(["y-websocket", "Hocuspocus"])("%s: the document is on the server", async (heading) => {
  await using server = await startTestServer();
  await using _ = runModule(`${snippet(heading, server)}\ndoc.getText("text").insert(0, "typed");`);
  await hasText(server, "typed");
});

test("y-webrtc: the provider announces itself in its room", async () => {
  await using server = await startTestServer();
  const listener = await listen(server);
  await using _ = runModule(snippet("y-webrtc", server));
  await announced(listener);
  expect(storedRows(server.dataFolder)).toBe(0);
  await listener.close();
});

test("Peers: the device registers, hears of another one in its group, and makes it an offer", async () => {
  await using server = await startTestServer();
  const socket = io(server.url, { forceNew: true });
  const heard: unknown[] = [];
  socket.onAny((event, argument) => heard.push([event, argument]));
  await using _ = runModule(snippet("Peers", server));
  const register = () => socket.emit("register-device", { deviceId: "mine", groups: ["my-group"] });
  register();
  await eventually("either has heard of the other", () => heard.length > 0);
  if (JSON.stringify(heard) === '[["device-online","my-device"]]') {
    // Who comes second is announced to the first: so once more, the other way round.
    socket.disconnect().connect();
    register();
  }
  const offer = { connectionId: "1", fromDeviceId: "my-device", toDeviceId: "mine", sdi: "…" };
  await eventually("an offer", () => heard.some((event) => Bun.deepEquals(event, ["offer", offer])));
  socket.disconnect();
});

test("PeerJS: who is called up to five seconds before it comes hears what is said", async () => {
  await using server = await startTestServer();
  const code = snippet("PeerJS", server);
  await using calling = await serveSnippet(code);
  const called = code.replace("my-id", "another-id").replace("console.log(connection.peer, data)", "show(data)");
  const show = "globalThis.show = (data) => document.body.append(data);";
  await using answering = await serveSnippet(show + called.replace(/peer\.on\("open"[\s\S]*/, ""));
  await using callers = chromium.people({ url: calling.url, otherUrl: server.url });
  await using answerers = chromium.people({ url: answering.url, otherUrl: server.url });
  await callers.visit("/");
  const page = await answerers.visit("/");
  await page.getByText("hello").waitFor();
});

test("Cliffy: the peer joins, and offers to who is there", async () => {
  await using server = await startTestServer();
  const there = await ScriptSocket.connect(server.wsUrl);
  there.say({ type: "join", roomId: "my-room", peerId: "there" });
  expect(await there.hears()).toEqual({ type: "peers", roomId: "my-room", peers: [] });
  await using _ = runModule(snippet("Cliffy", server));
  const { peerId } = await there.hears();
  expect(await there.hears()).toEqual({ type: "offer", fromPeerId: peerId, toPeerId: "there", sdp: "…" });
});

test("OctateCode: the host creates its room, and a guest finds it there", async () => {
  await using server = await startTestServer();
  await using _ = runModule(snippet("OctateCode", server));
  const [userId, roomId] = ["guest", "my-room"];
  const body = JSON.stringify({ userId, roomId });
  const response = await fetch(`${server.url}/api/auth/token`, { method: "POST", body });
  const guest = await ScriptSocket.connect(server.wsUrl);
  guest.say({ type: "auth", userId, roomId, data: await response.json() });
  expect(await guest.hears()).toMatchObject({ type: "auth" });
  await eventually("joined", async () => {
    guest.say({ type: "join-room", data: { userName: "Gustav" } });
    return (await guest.hears())["type"] === "room-joined";
  });
});

const hybrids = ["Both on one document", "Both on one document (2)"];

test.each(hybrids)("%s: the document is on the server and the provider in its room", async (heading) => {
  await using server = await startTestServer();
  const listener = await listen(server);
  await using _ = runModule(`${snippet(heading, server)}\ndoc.getText("text").insert(0, "typed");`);
  await announced(listener);
  await hasText(server, "typed");
  await listener.close();
});

/** Mounts the snippet's component as an app does, and remembers every socket that is opened for it. */
const reactApp = `
  import { StrictMode } from "react";
  import { createRoot } from "react-dom/client";
  globalThis.sockets = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  };
  const root = createRoot(document.querySelector("#root"));
  root.render(<StrictMode><Clicks /></StrictMode>);
  globalThis.unmount = () => root.unmount();`;

test("React, in Strict Mode: two browsers count together, and unmounting leaves no connection", async () => {
  await using server = await startTestServer();
  await using page = await serveSnippet(snippet("React", server) + reactApp);
  const tolerated = [/closed before the connection is established/];
  await using people = chromium.people({ url: page.url, otherUrl: server.url, tolerated });
  const [alice, bob] = await Promise.all([people.visit("/"), people.visit("/")]);
  await alice.getByRole("button", { name: "0 clicks" }).click();
  await bob.getByRole("button", { name: "1 clicks" }).click();
  await alice.getByRole("button", { name: "2 clicks" }).waitFor();
  const open = () =>
    alice.evaluate<string[]>(
      "sockets.filter(({ readyState }) => readyState !== WebSocket.CLOSED).map(({ url }) => new URL(url).pathname)",
    );
  await eventually("one socket each is left of the two mounts", async () => (await open()).length === 2);
  expect((await open()).sort()).toEqual(["/signal", "/sync/my-document"]);
  expect(await alice.evaluate<number>("sockets.length")).toBe(4);
  await alice.evaluate("unmount()");
  await eventually("all sockets are closed", async () => (await open()).length === 0);
});

test.each([
  ["CodeMirror", ".cm-content"],
  ["Tiptap", ".ProseMirror"],
])("%s: what one browser types the other shows, and the server stores", async (heading, editor) => {
  await using server = await startTestServer();
  await using page = await serveSnippet(snippet(heading, server));
  await using people = chromium.people({ url: page.url, otherUrl: server.url });
  const [alice, bob] = await Promise.all([people.visit("/"), people.visit("/")]);
  await alice.locator(editor).click();
  await alice.keyboard.type("typed by Ada");
  await bob.locator(editor, { hasText: "typed by Ada" }).waitFor();
  await bob.locator(editor).click();
  await bob.keyboard.press("Control+End");
  await bob.keyboard.type(", and by Bob");
  await alice.locator(editor, { hasText: "typed by Ada, and by Bob" }).waitFor();
  await eventually("stored", () => storedRows(server.dataFolder) > 0);
});
