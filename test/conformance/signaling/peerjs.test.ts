import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
const opened: PeerSocket[] = [];

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

afterEach(() => {
  for (const client of opened.splice(0)) client.socket.close();
});

/** A client of PeerJS' protocol that sends what the test gives it, valid or not. */
class PeerSocket {
  readonly socket: WebSocket;
  readonly received: unknown[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;

  constructor(query: string) {
    this.socket = new WebSocket(`${server.wsUrl}/peerjs/peerjs?${query}`);
    this.socket.onmessage = ({ data }) => this.received.push(JSON.parse(String(data)));
    this.socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
    };
    opened.push(this);
  }

  static async open(id: string, token = "token"): Promise<PeerSocket> {
    const client = new PeerSocket(`key=peerjs&id=${id}&token=${token}&version=1.5.5`);
    await client.next("OPEN");
    return client;
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves with the first message of this type. */
  async next(type: string): Promise<unknown> {
    const find = () => this.received.find((message) => Object(message).type === type);
    await eventually(`a message of type ${type}`, () => find() !== undefined);
    return find();
  }

  /** Resolves at the pong to a WebSocket ping: every earlier message is handled then. */
  async ponged(): Promise<void> {
    await new Promise<unknown>((resolve) => {
      this.socket.addEventListener("pong", resolve, { once: true });
      this.socket.ping();
    });
  }
}

const unique = () => crypto.randomUUID();

describe("a refused client receives the reason, and is closed later", () => {
  test.each([
    ["id=a&token=t", "No id, token, or key supplied to websocket server", "malformed-frame"],
    ["key=wrong&id=a&token=t", "Invalid key provided", "forbidden"],
  ])("%s", async (query, msg, reason) => {
    const client = new PeerSocket(query);
    expect(await client.next("ERROR")).toEqual({ type: "ERROR", payload: { msg } });
    expect(client.closed).toBeUndefined();
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed?.reason).toBe(reason);
  });

  test("with the id of another client", async () => {
    const id = unique();
    const alice = await PeerSocket.open(id);
    const thief = new PeerSocket(`key=peerjs&id=${id}&token=other`);
    expect(await thief.next("ID-TAKEN")).toEqual({ type: "ID-TAKEN", payload: { msg: "ID is taken" } });
    await eventually("closed", () => thief.closed !== undefined);
    expect(alice.closed).toBeUndefined();
  });
});

test("the same token replaces a socket in one step: messages during it arrive once and in order", async () => {
  const [id, other] = [unique(), unique()];
  const [before, bob] = [await PeerSocket.open(id), await PeerSocket.open(other)];
  const after = new PeerSocket(`key=peerjs&id=${id}&token=token`);
  for (let payload = 0; payload < 200; payload += 1) {
    bob.say({ type: "CANDIDATE", dst: id, payload });
    if (payload % 20 === 0) await bob.ponged();
  }
  await after.next("OPEN");
  await eventually("everything has arrived", () => before.received.length + after.received.length === 202);
  const payloads = [...before.received, ...after.received].flatMap((message) => Object(message).payload ?? []);
  expect(payloads).toEqual(Array.from({ length: 200 }, (_, index) => index));
  await eventually("the old socket is closed", () => before.closed?.reason === "replaced");
  bob.say({ type: "CANDIDATE", dst: id, payload: "late" });
  await eventually("received", () => after.received.some((message) => Object(message).payload === "late"));
});

test("on a compatibility port clients find the endpoint at the path of PeerJS' own server", async () => {
  await using compatible = await startTestServer({ compatibilityPorts: [0] });
  const authority = `127.0.0.1:${compatible.compatibilityPorts[0]}`;
  expect(await (await fetch(`http://${authority}/peerjs/id`)).text()).toMatch(/^[0-9a-f-]{36}$/);
  const received: string[] = [];
  const connect = (url: string, id: string) => {
    const socket = new WebSocket(`${url}?key=peerjs&id=${id}&token=t`);
    socket.onmessage = ({ data }) => received.push(`${id}: ${data}`);
    return socket;
  };
  const alice = connect(`ws://${authority}/peerjs`, "alice");
  const bob = connect(`${compatible.wsUrl}/peerjs/peerjs`, "bob");
  await eventually("both are in", () => received.length === 2);
  alice.send('{"type":"OFFER","dst":"bob","payload":1}');
  await eventually("received on the other port", () => received.length === 3);
  expect(received[2]).toBe('bob: {"type":"OFFER","src":"alice","dst":"bob","payload":1}');
  alice.close();
  bob.close();
});

describe("bad input", () => {
  const nested = (levels: number) => `{"type":"OFFER","payload":${"[".repeat(levels)}${"]".repeat(levels)},"dst":"b"}`;

  test.each<[string, string | Uint8Array<ArrayBuffer>, string]>([
    ["garbage", "garbage", "not JSON"],
    ["a list", "[]", "not a JSON object"],
    ["an offer without a receiver", '{"type":"OFFER"}', "dst is not a string"],
    ["bytes that are no text", new Uint8Array([0xff, 0xfe]), "not JSON"],
  ])("%s is answered with an ERROR and affects no other client", async (_, frame, msg) => {
    const id = unique();
    const [mallory, alice, bob] = [
      await PeerSocket.open(unique()),
      await PeerSocket.open(id),
      await PeerSocket.open(unique()),
    ];
    mallory.socket.send(frame);
    expect(await mallory.next("ERROR")).toEqual({ type: "ERROR", payload: { msg: expect.stringContaining(msg) } });
    mallory.say({ type: "OFFER", dst: id, payload: "from mallory" });
    bob.say({ type: "OFFER", dst: id, payload: "from bob" });
    await alice.next("OFFER");
    expect(alice.received.slice(1)).toMatchObject([{ payload: "from bob" }]);
  });

  test.each<[string, string, string]>([
    ["a receiver with too long an id", `{"type":"OFFER","dst":"${"x".repeat(257)}"}`, "In dst, the name is longer"],
    ["33 levels", nested(32), "limits.json-depth: "],
    ["30,000 levels", nested(30_000), "limits.json-depth: "],
    [
      "metadata of more than 1 MiB",
      JSON.stringify({ type: "OFFER", payload: { metadata: "x".repeat(2 ** 20) }, dst: "b" }),
      "limits.peerjs-frame-bytes: a frame of",
    ],
  ])("%s is refused alone", async (_, frame, msg) => {
    const id = unique();
    const [mallory, alice] = [await PeerSocket.open(unique()), await PeerSocket.open(id)];
    mallory.socket.send(frame);
    expect(await mallory.next("EXPIRE")).toMatchObject({ payload: { msg: expect.stringContaining(msg) } });
    mallory.say({ type: "OFFER", payload: "next", dst: id });
    expect(await alice.next("OFFER")).toMatchObject({ payload: "next" });
    expect(mallory.closed).toBeUndefined();
  });

  test("metadata of 70 kB is delivered", async () => {
    const id = unique();
    const [bob, alice] = [await PeerSocket.open(unique()), await PeerSocket.open(id)];
    const payload = { metadata: "x".repeat(70_000) };
    bob.say({ type: "OFFER", payload, dst: id });
    expect(await alice.next("OFFER")).toMatchObject({ payload });
  });

  test.each([
    ["an unknown type", { type: "BUMP" }],
    ["a message of the server's", { type: "EXPIRE", src: "a", dst: "b" }],
    ["a name that objects have", { type: "OFFER", dst: "__proto__", payload: 1 }],
    ["a forged sender", { type: "OFFER", src: "victim", dst: "unknown", payload: 1 }],
  ])("%s is harmless", async (_, message) => {
    const mallory = await PeerSocket.open(unique());
    mallory.say(message);
    await mallory.ponged();
    expect(mallory.received).toEqual([{ type: "OPEN" }]);
    expect(mallory.closed).toBeUndefined();
  });
});

test("no answer to other clients and no metric contains an id", async () => {
  const id = unique();
  await PeerSocket.open(id);
  for (const path of ["/peerjs", "/peerjs/peerjs/peers", "/metrics", "/healthz", "/readyz"]) {
    expect(await (await fetch(server.url + path)).text()).not.toContain(id);
  }
});
