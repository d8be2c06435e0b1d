import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect as connectTcp } from "node:net";
import { WebsocketClient } from "lib0/websocket";
import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
let url: string;
const clients: SignalingClient[] = [];

beforeAll(async () => {
  server = await startTestServer();
  url = `${server.wsUrl}/signal`;
});

afterAll(() => server.stop());

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(): Promise<SignalingClient> {
  const client = await SignalingClient.connect(url);
  clients.push(client);
  return client;
}

/** Two clients that share a topic, and a check that they receive each other's messages and no others. */
async function bystanders() {
  const [alice, bob] = [await connect(), await connect()];
  const topic = crypto.randomUUID();
  for (const client of [alice, bob]) {
    client.say({ type: "subscribe", topics: [topic] });
    await client.handled();
  }
  const hearEachOther = async (): Promise<void> => {
    bob.received.splice(0);
    alice.say({ type: "publish", topic, data: "still here" });
    await alice.handled();
    await bob.handled();
    expect(bob.received).toEqual([
      JSON.stringify({ type: "publish", topic, data: "still here", clients: 2 }),
      '{"type":"pong"}',
    ]);
  };
  return { topic, hearEachOther };
}

test("GET /signal answers as y-webrtc's server does", async () => {
  const response = await fetch(`${server.url}/signal`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toStartWith("text/plain");
  expect(await response.text()).toBe("okay");
});

test("/ and /signal are one server, with any query", async () => {
  const paths = ["/", "/signal", "/?token=x", "/signal?a=%2F"];
  const everyone = await Promise.all(paths.map((path) => SignalingClient.connect(server.wsUrl + path)));
  clients.push(...everyone);
  for (const client of everyone) {
    client.say({ type: "subscribe", topics: ["shared"] });
    await client.handled();
  }
  everyone[0]?.say({ type: "publish", topic: "shared" });
  await everyone[0]?.handled();
  for (const client of everyone) await client.handled();
  expect(everyone.map(({ received: heard }) => heard.filter((frame) => frame.includes('"clients":4')).length)).toEqual([
    0, 1, 1, 1,
  ]);
});

describe("lib0's client", () => {
  /** Connects a client and counts the sockets that it opens. */
  async function connectLib0(opened: (client: WebsocketClient) => void) {
    const client = new WebsocketClient(url);
    let opens = 0;
    await new Promise<void>((resolve) => {
      client.on("connect", () => {
        opens += 1;
        opened(client);
        resolve();
      });
    });
    return { client, opens: () => opens };
  }

  test("gets its pong at once", async () => {
    const { client } = await connectLib0((opened) => opened.send({ type: "ping" }));
    const received = await new Promise((resolve) => client.on("message", resolve));
    expect(received).toEqual({ type: "pong" });
    client.destroy();
  });

  test("does not get into a loop of reconnects when it misbehaves at every open", async () => {
    const { client, opens } = await connectLib0((opened) => opened.ws?.send("garbage"));
    await Bun.sleep(2_000);
    expect(opens()).toBe(1);
    expect(client.connected).toBe(true);
    client.destroy();
  });
});

describe("y-webrtc's provider", () => {
  test.each([
    [undefined, { type: "announce", from: expect.any(String) }],
    ["secret", expect.stringMatching(/^[A-Za-z0-9+/]+=*$/)],
  ])("announces itself to its room (password %p)", async (password, data) => {
    const topic = crypto.randomUUID();
    const bob = await connect();
    bob.say({ type: "subscribe", topics: [topic] });
    await bob.handled();
    const provider = new WebrtcProvider(topic, new Y.Doc(), { signaling: [url], ...(password && { password }) });
    const deadline = Date.now() + 5_000;
    while (bob.received.length < 2 && Date.now() < deadline) await bob.controlPonged();
    expect(JSON.parse(bob.received[1] ?? "null")).toEqual({ type: "publish", topic, data, clients: 2 });
    // `destroy` alone would leave its signaling socket open.
    provider.disconnect();
    provider.destroy();
  });
});

describe("bad input", () => {
  const encoder = new TextEncoder();
  const nested = (levels: number): string =>
    `{"type":"publish","topic":"x","data":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
  const ofBytes = (bytes: number): string => {
    const frame = JSON.stringify({ type: "bump", padding: "" });
    return frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
  };

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ["a frame that is not JSON", "garbage"],
    ["a JSON value that is no object", "null"],
    ["topics that are no list", '{"type":"subscribe","topics":5}'],
    ["a topic that is no string", '{"type":"subscribe","topics":[{}]}'],
    ["a publish without a topic", '{"type":"publish"}'],
    ["binary garbage", new Uint8Array([0, 1, 2, 0xff, 0xfe])],
    ["a binary frame that is not JSON", encoder.encode("garbage")],
  ])("%s ends its own session and no other, and the connection stays open", async (_, frame) => {
    const { topic, hearEachOther } = await bystanders();
    const mallory = await connect();
    mallory.say({ type: "subscribe", topics: [topic] });
    await mallory.handled();
    mallory.received.splice(0);
    mallory.send(frame);
    mallory.say({ type: "ping" });
    mallory.say({ type: "subscribe", topics: [topic] });
    mallory.say({ type: "publish", topic, data: "from mallory" });
    await mallory.controlPonged();
    // Two subscribers are left, and they receive nothing from Mallory.
    await hearEachOther();
    await mallory.controlPonged();
    expect(mallory.received).toEqual([]);
    expect(mallory.isOpen).toBe(true);
  });

  test.each([
    ["an empty frame", ""],
    ["JSON nested 32 deep", nested(32)],
    ["a frame of 64 KiB", ofBytes(64 * 1024)],
    ["a message of an unknown type", '{"type":"bump"}'],
    ["a subscribe without topics", '{"type":"subscribe"}'],
    ["the topic __proto__", '{"type":"subscribe","topics":["__proto__","constructor"]}'],
    ["a topic of 257 bytes", JSON.stringify({ type: "subscribe", topics: ["x".repeat(257)] })],
    ["an empty topic", '{"type":"subscribe","topics":[""]}'],
    ["101 topics in one frame", JSON.stringify({ type: "subscribe", topics: Array(101).fill("x") })],
    ["JSON nested 33 deep", nested(33)],
    ["JSON nested 30,000 deep", nested(30_000)],
    ["a frame of more than 64 KiB", ofBytes(64 * 1024 + 1)],
  ])("%s is harmless", async (_, frame) => {
    const { hearEachOther } = await bystanders();
    const mallory = await connect();
    mallory.send(frame);
    await mallory.handled();
    await hearEachOther();
    expect(mallory.received).toEqual(['{"type":"pong"}']);
  });

  test("a frame of 10 MiB is dropped, or closes its connection if the server's memory grows meanwhile", async () => {
    const { hearEachOther } = await bystanders();
    const mallory = await connect();
    mallory.send(ofBytes(10 * 1024 * 1024));
    void mallory.handled();
    await eventually("it is answered or closed", () => !mallory.isOpen || mallory.received.length > 0);
    await hearEachOther();
    expect(mallory.received.filter((frame) => frame !== '{"type":"pong"}')).toEqual([]);
  });

  test("a topic of 257 bytes has no subscribers, one of 256 bytes has", async () => {
    const [alice, bob] = [await connect(), await connect()];
    const names = ["é".repeat(128), `${"é".repeat(128)}x`];
    for (const client of [alice, bob]) {
      client.say({ type: "subscribe", topics: names });
      await client.handled();
    }
    for (const topic of names) alice.say({ type: "publish", topic });
    await alice.handled();
    await bob.handled();
    expect(bob.received.map((frame) => JSON.parse(frame).topic)).toEqual([undefined, names[0], undefined]);
  });

  test.each([
    ["a reserved opcode", [0x83, 0x80, 1, 2, 3, 4]],
    ["a frame that is not masked", [0x81, 0x02, 0x7b, 0x7d]],
    ["a reserved bit", [0xc1, 0x80, 1, 2, 3, 4]],
    ["a fragmented control frame", [0x09, 0x80, 1, 2, 3, 4]],
    ["a continuation of nothing", [0x80, 0x80, 1, 2, 3, 4]],
    ["text that is not UTF-8", [0x81, 0x81, 0, 0, 0, 0, 0xff]],
  ])("%s on the wire ends its own connection only", async (_, bytes) => {
    const { hearEachOther } = await bystanders();
    const ended = Promise.withResolvers<void>();
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.once("close", () => ended.resolve());
    socket.write(
      "GET /signal HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    socket.once("data", (answer) => {
      expect(answer.toString()).toStartWith("HTTP/1.1 101 ");
      socket.write(new Uint8Array(bytes));
    });
    await ended.promise;
    await hearEachOther();
  });
});
