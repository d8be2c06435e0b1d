import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { openChromium } from "../../support/browser/browser.ts";
import { serveSnippet } from "../../support/browser/snippet.ts";
import { snippetsOf } from "../../support/docs-snippets.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

const chromium = openChromium();

const page = "docs/webrtc.md";
const snippets = snippetsOf(page);
const tested = new Set<string>();

/** Defines `loop(connection)`, which connects a connection to another one of its configuration, and shows what arrives there. */
const loop = `
  const loop = async (connection) => {
    const other = new RTCPeerConnection(connection.getConfiguration());
    connection.onicecandidate = ({ candidate }) => void other.addIceCandidate(candidate ?? undefined);
    other.onicecandidate = ({ candidate }) => void connection.addIceCandidate(candidate ?? undefined);
    const channel = { negotiated: true, id: 0 };
    const near = connection.createDataChannel("test", channel);
    near.onopen = () => near.send("through TURN");
    other.createDataChannel("test", channel).onmessage = ({ data }) => document.body.append(data);
    await connection.setLocalDescription();
    await other.setRemoteDescription(connection.localDescription);
    await other.setLocalDescription();
    await connection.setRemoteDescription(other.localDescription);
  };`;

/** The snippet for this server, with connections that use nothing but the TURN servers. */
function relayed(heading: string, { port }: TestServer): string {
  const code = snippets.get(`${page}#${heading}`) ?? "";
  const ported = code.replaceAll("127.0.0.1:4444", `127.0.0.1:${port}`).replaceAll("port: 4444", `port: ${port}`);
  const restricted = ported.replaceAll(/\{ iceServers \}(?! =)/g, '{ iceServers, iceTransportPolicy: "relay" }');
  expect(ported).not.toBe(code);
  expect(restricted).not.toBe(ported);
  return restricted;
}

interface Surroundings {
  readonly before?: string;
  readonly after?: string;
  /** A part of the snippet, and what takes its place. */
  readonly replace?: readonly [string, string];
}

type Visit = () => Promise<Page>;

/** Declares the test of one snippet, which runs in pages with the surroundings. */
function testSnippet(
  heading: string,
  { before = "", after = "", replace = ["", ""] }: Surroundings,
  run: (visit: Visit) => Promise<void>,
): void {
  tested.add(`${page}#${heading}`);
  test(`${heading}: the snippet connects through TURN`, async () => {
    await using server = await startTestServer({ turn: {} });
    await using served = await serveSnippet(before + relayed(heading, server).replace(...replace) + after);
    await using people = chromium.people({ url: served.url, otherUrl: server.url, tolerated: [/PeerJS/] });
    await run(() => people.visit("/"));
  }, 30_000);
}

const arrives = async (visit: Visit) => (await visit()).getByText("through TURN").waitFor();

for (const heading of ["OctateCode", "Cliffy", "RTCPeerConnection"]) {
  testSnippet(heading, { before: loop, after: "loop(connection);" }, arrives);
}

// The connection of this snippet is inside a callback, which ends with a data channel.
testSnippet("Peers", { before: loop, replace: ['connection.createDataChannel("data")', "loop(connection)"] }, arrives);

testSnippet(
  "simple-peer",
  {
    after: `
      const other = new SimplePeer({ config: { iceServers, iceTransportPolicy: "relay" } });
      peer.on("signal", (signal) => other.signal(signal));
      other.on("signal", (signal) => peer.signal(signal));
      peer.on("connect", () => peer.send("through TURN"));
      other.on("data", (data) => document.body.append(new TextDecoder().decode(data)));`,
  },
  arrives,
);

testSnippet(
  "y-webrtc",
  {
    after: `
      const text = doc.getText("text");
      text.observe(() => document.body.append(text.toString()));
      globalThis.type = () => text.insert(0, "through TURN");
      document.body.append("ready");`,
  },
  async (visit) => {
    const [ada, bob] = await Promise.all([visit(), visit()]);
    await ada.getByText("ready").waitFor();
    await ada.evaluate("type()");
    await bob.getByText("through TURN").waitFor();
  },
);

testSnippet(
  "PeerJS",
  {
    after: `
      peer.on("open", (id) => {
        globalThis.id = id;
        document.body.append("open");
      });
      peer.on("connection", (connection) => connection.on("data", (data) => document.body.append(data)));
      globalThis.call = (id) => {
        const connection = peer.connect(id);
        connection.on("open", () => connection.send("through TURN"));
      };`,
  },
  async (visit) => {
    const [caller, called] = await Promise.all([visit(), visit()]);
    await Promise.all([caller, called].map((each) => each.getByText("open").waitFor()));
    const id = await called.evaluate<string>("id");
    await caller.evaluate(`call(${JSON.stringify(id)})`);
    await called.getByText("through TURN").waitFor();
  },
);

test("every snippet of the page has a test", () => {
  expect([...tested].toSorted()).toEqual([...snippets.keys()].toSorted());
});
