import { expect, test } from "bun:test";
import { io } from "socket.io-client";
import { openChromium } from "./support/browser/browser.ts";
import { eventually } from "./support/browser/eventually.ts";
import { serveSnippet } from "./support/browser/snippet.ts";
import { storedRows } from "./support/bytes/stored.ts";
import { TestClients } from "./support/clients/providers.ts";
import { ScriptSocket } from "./support/clients/script-socket.ts";
import { SignalingClient } from "./support/clients/signaling-client.ts";
import { docsPages, runModule, snippetsOf } from "./support/docs-snippets.ts";
import { startTestServer, type TestServer } from "./support/servers/start-test-server.ts";

const chromium = openChromium();

/** The pages whose snippets are tested in another file, which asserts that it tests all of them. */
const testedElsewhere: ReadonlySet<string> = new Set([
  ...["docs/access.md", "docs/clients/client.md", "docs/webhooks.md", "docs/webrtc.md"],
]);

const tested = new Set<string>();

/**
 * Declares a test for each of these snippets. The test runs the snippet against a server of its own, with that server's
 * port.
 */
function testSnippets(
  ids: readonly string[],
  claim: string,
  run: (code: string, server: TestServer) => Promise<void>,
): void {
  for (const id of ids) {
    tested.add(id);
    test(`${id}: ${claim}`, async () => {
      const [page = ""] = id.split("#", 1);
      const code = snippetsOf(page).get(id) ?? "";
      await using server = await startTestServer();
      const { port } = server;
      const ported = code.replaceAll("127.0.0.1:4444", `127.0.0.1:${port}`).replaceAll("port: 4444", `port: ${port}`);
      expect(ported).not.toBe(code);
      await run(ported, server);
    });
  }
}

async function hasText(server: TestServer, expected: string, name = "my-document"): Promise<void> {
  await using clients = new TestClients();
  const { text } = clients.connect(server.wsUrl, name);
  await eventually(`the relay has ${expected}`, () => text.toString() === expected);
}

async function listen(server: TestServer): Promise<SignalingClient> {
  const client = await SignalingClient.connect(`${server.wsUrl}/signal`);
  client.say({ type: "subscribe", topics: ["my-document"] });
  await client.handled();
  return client;
}

async function announced(listener: SignalingClient): Promise<void> {
  await eventually("announced", () => listener.received.some((frame) => frame.includes('"announce"')));
}

testSnippets(
  [
    "README.md#y-websocket",
    "README.md#Hocuspocus",
    "docs/clients/y-websocket.md#Connect",
    "docs/clients/hocuspocus.md#Connect",
  ],
  "the document is on the server",
  async (code, server) => {
    await using _ = runModule(`${code}\ndoc.getText("text").insert(0, "typed");`);
    await hasText(server, "typed");
  },
);

testSnippets(
  ["docs/clients/script.md#Read a document"],
  "the program prints the text of the document and ends",
  async (code, server) => {
    await using clients = new TestClients();
    const [writer, reader] = await clients.connectAll(2, server.wsUrl, "my-document");
    writer.text.insert(0, "typed in a browser");
    await eventually("stored", () => reader.text.length > 0);
    await using program = runModule(code);
    expect(await program.printed()).toBe("typed in a browser\n");
  },
);

testSnippets(
  ["docs/clients/script.md#Change a document"],
  "the program ends, and the change is on the server",
  async (code, server) => {
    await using program = runModule(code);
    expect(await program.printed()).toBe("");
    await hasText(server, "added by a script\n");
  },
);

testSnippets(
  ["docs/http-api.md#Documents"],
  "the program ends, and what it has written is on the server",
  async (code, server) => {
    await using program = runModule(code);
    expect(await program.printed()).toBe("1\n");
    await hasText(server, "Hello from HTTP. ");
  },
);

testSnippets(
  ["docs/clients/hocuspocus.md#Several documents on one connection"],
  "both documents are on the server",
  async (code, server) => {
    const typing =
      '[notes, tasks].forEach(({ document }, at) => document.getText("text").insert(0, ["note", "task"][at]));';
    await using _ = runModule(`${code}\n${typing}`);
    await hasText(server, "note", "notes");
    await hasText(server, "task", "tasks");
  },
);

testSnippets(
  ["docs/clients/y-webrtc.md#Connect"],
  "the provider announces itself in its room, and nothing is stored",
  async (code, server) => {
    const listener = await listen(server);
    await using _ = runModule(code);
    await announced(listener);
    expect(storedRows(server.dataFolder)).toBe(0);
    await listener.close();
  },
);
testSnippets(
  ["docs/clients/peers.md#Connect"],
  "the device registers, and makes another one an offer",
  async (code, server) => {
    const socket = io(server.url, { forceNew: true });
    const heard: unknown[] = [];
    socket.onAny((event, argument) => heard.push([event, argument]));
    await using _ = runModule(code);
    const register = () => socket.emit("register-device", { deviceId: "mine", groups: ["my-group"] });
    register();
    await eventually("one device knows the other", () => heard.length > 0);
    if (JSON.stringify(heard) === '[["device-online","my-device"]]') {
      // The second device is announced to the first one only, so the snippet also runs with the roles exchanged.
      socket.disconnect().connect();
      register();
    }
    const offer = { connectionId: "1", fromDeviceId: "my-device", toDeviceId: "mine", sdi: "…" };
    await eventually("an offer", () => heard.some((event) => Bun.deepEquals(event, ["offer", offer])));
    socket.disconnect();
  },
);

testSnippets(
  ["docs/clients/peerjs.md#Connect"],
  "a peer that connects late receives the earlier messages to it",
  async (code, server) => {
    await using calling = await serveSnippet(code);
    const called = code.replace("my-id", "another-id").replace("console.log(connection.peer, data)", "show(data)");
    const show = "globalThis.show = (data) => document.body.append(data);";
    await using answering = await serveSnippet(show + called.replace(/peer\.on\("open"[\s\S]*/, ""));
    await using callers = chromium.people({ url: calling.url, otherUrl: server.url });
    await using answerers = chromium.people({ url: answering.url, otherUrl: server.url });
    await callers.visit("/");
    const page = await answerers.visit("/");
    await page.getByText("hello").waitFor();
  },
);

testSnippets(
  ["docs/clients/cliffy.md#Connect"],
  "the peer joins, and makes the others an offer",
  async (code, server) => {
    const there = await ScriptSocket.connect(server.wsUrl);
    there.say({ type: "join", roomId: "my-room", peerId: "there" });
    expect(await there.next()).toEqual({ type: "peers", roomId: "my-room", peers: [] });
    await using _ = runModule(code);
    const { peerId } = await there.next();
    expect(await there.next()).toEqual({ type: "offer", fromPeerId: peerId, toPeerId: "there", sdp: "…" });
  },
);

testSnippets(
  ["docs/clients/octatecode.md#Connect"],
  "the host creates its room, and a guest joins it",
  async (code, server) => {
    await using _ = runModule(code);
    const [userId, roomId] = ["guest", "my-room"];
    const body = JSON.stringify({ userId, roomId });
    const response = await fetch(`${server.url}/api/auth/token`, { method: "POST", body });
    const guest = await ScriptSocket.connect(server.wsUrl);
    guest.say({ type: "auth", userId, roomId, data: await response.json() });
    expect(await guest.next()).toMatchObject({ type: "auth" });
    await eventually("joined", async () => {
      guest.say({ type: "join-room", data: { userName: "Gustav" } });
      return (await guest.next())["type"] === "room-joined";
    });
  },
);

testSnippets(
  [
    "README.md#Both: server sync and y-webrtc",
    "docs/clients/hybrid.md#With y-websocket",
    "docs/clients/hybrid.md#With Hocuspocus",
  ],
  "the document is on the server and the provider in its room",
  async (code, server) => {
    const listener = await listen(server);
    await using _ = runModule(`${code}\ndoc.getText("text").insert(0, "typed");`);
    await announced(listener);
    await hasText(server, "typed");
    await listener.close();
  },
);

/** Mounts the snippet's component as an app does, and records every socket that it opens. */
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

testSnippets(
  ["docs/clients/react.md#Use"],
  "two browsers count together, and unmounting leaves no connection",
  async (code, server) => {
    await using page = await serveSnippet(code + reactApp);
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
  },
);

const editors = { "docs/clients/codemirror.md#Use": ".cm-content", "docs/clients/tiptap.md#Use": ".ProseMirror" };

for (const [id, editor] of Object.entries(editors)) {
  testSnippets(
    [id],
    "text typed in one browser is shown in the other and stored by the server",
    async (code, server) => {
      await using page = await serveSnippet(code);
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
    },
  );
}

test("every snippet of every page has a test", () => {
  const pages = docsPages().filter((page) => !testedElsewhere.has(page));
  expect(pages.flatMap((page) => [...snippetsOf(page).keys()]).toSorted()).toEqual([...tested].toSorted());
});
