import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

// The package does not export the file.
const upstreamEntry = new URL("../../../node_modules/y-webrtc/bin/server.js", import.meta.url);

/** y-webrtc's own signaling server. */
interface Upstream {
  readonly url: string;
  stop(): Promise<void>;
}

let ours: TestServer;
let upstream: Upstream;

beforeAll(async () => {
  ours = await startTestServer();
  upstream = await startUpstream();
});

afterAll(async () => {
  await upstream.stop();
  await ours.stop();
});

async function startUpstream(): Promise<Upstream> {
  const port = await findFreePort();
  const server = Bun.spawn([process.execPath, fileURLToPath(upstreamEntry)], {
    env: { ...process.env, PORT: String(port) },
    stdout: "ignore",
    stderr: "inherit",
  });
  const isUp = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) {
    if (server.exitCode !== null) throw new Error(`y-webrtc's server ended with code ${server.exitCode}`);
    await Bun.sleep(20);
  }
  return {
    url: `ws://127.0.0.1:${port}`,
    async stop() {
      server.kill();
      await server.exited;
    },
  };
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, resolve));
  const address = probe.address();
  await new Promise<unknown>((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/**
 * Several clients of one server. Their frames are handled one after the other, and everything they receive is recorded.
 */
class Session {
  readonly #url: string;
  readonly #clients = new Map<string, SignalingClient>();
  /** The messages of clients that have left. */
  readonly #received = new Map<string, readonly string[]>();

  constructor(url: string) {
    this.#url = url;
  }

  async enter(name: string): Promise<void> {
    this.#clients.set(name, await SignalingClient.connect(this.#url));
  }

  /** Sends frames as `name`; resolves when every client has received their effects. */
  async send(name: string, ...frames: (string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
    const client = this.#client(name);
    for (const frame of frames) client.send(frame);
    await client.handled();
    for (const other of this.#clients.values()) await other.handled();
  }

  subscribe(name: string, ...topics: string[]): Promise<void> {
    return this.send(name, JSON.stringify({ type: "subscribe", topics }));
  }

  unsubscribe(name: string, ...topics: string[]): Promise<void> {
    return this.send(name, JSON.stringify({ type: "unsubscribe", topics }));
  }

  /** `by` distinguishes an echo from other clients' messages. */
  publish(name: string, topic: string, data: unknown): Promise<void> {
    return this.send(name, JSON.stringify({ type: "publish", topic, data, by: name }));
  }

  /** Resolves when the server has noticed, which two witnesses in a topic of the client see in `clients`. */
  async leave(name: string, topic: string, witnesses: readonly [string, string]): Promise<void> {
    const [publisher, receiver] = witnesses;
    const countClients = async (): Promise<number> => {
      const { received: heard } = this.#client(receiver);
      const before = heard.length;
      await this.publish(publisher, topic, "probe");
      return JSON.parse(heard.slice(before).find((frame) => frame.includes('"probe"')) ?? "{}").clients;
    };
    const client = this.#client(name);
    const before = await countClients();
    this.#received.set(name, client.received);
    this.#clients.delete(name);
    await client.close();
    while ((await countClients()) >= before) await Bun.sleep(5);
  }

  /** The messages that each client received, without its own echoes, pongs and probes. */
  async transcripts(): Promise<Record<string, readonly string[]>> {
    for (const [name, client] of this.#clients) {
      this.#received.set(name, client.received);
      await client.close();
    }
    return Object.fromEntries(
      [...this.#received].sort().map(([name, heard]) => {
        const isKept = (frame: string): boolean =>
          frame !== '{"type":"pong"}' && !frame.includes(`"by":"${name}"`) && !frame.includes('"probe"');
        // Messages are compared as parsed by a client: upstream serializes anew what it forwards, Yurt does not.
        return [name, heard.filter(isKept).map((frame) => JSON.stringify(JSON.parse(frame)))];
      }),
    );
  }

  #client(name: string): SignalingClient {
    const client = this.#clients.get(name);
    if (client === undefined) throw new Error(`${name} is not there`);
    return client;
  }
}

type Script = (session: Session) => Promise<void>;

async function play(url: string, script: Script): Promise<Record<string, readonly string[]>> {
  const session = new Session(url);
  await script(session);
  return session.transcripts();
}

const binary = (message: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(message));

/** A session of valid messages; each frame is compared, `clients` included. */
const soundSession: Script = async (session) => {
  for (const name of ["alice", "bob", "carol"]) await session.enter(name);
  await session.subscribe("alice", "room");
  await session.publish("alice", "room", { type: "announce", from: "a" });
  await session.subscribe("bob", "room", "other");
  await session.publish("bob", "room", { type: "announce", from: "b" });
  const signal = { type: "offer", sdp: "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n" };
  await session.publish("alice", "room", { type: "signal", to: "b", from: "a", token: 1.5e12, signal });
  const candidate = { type: "candidate", candidate: { candidate: "candidate:1 1 udp", sdpMLineIndex: 0, sdpMid: "0" } };
  await session.publish("bob", "room", { type: "signal", to: "a", from: "b", token: 1e21, signal: candidate });

  await session.subscribe("bob", "room", "room");
  await session.send("bob", '{"type":"subscribe"}', '{"type":"subscribe","topics":[]}', '{"type":"bump"}', "{}");
  await session.publish("alice", "room", "c2VjcmV0IGFuZCBiYXNlNjQ=");
  await session.send("alice", '{"clients":"many","type":"publish","topic":"room","by":"alice","x":[true,{"":0.1}]}');
  await session.send("alice", '{"by":"alice","__proto__":{"x":1},"type":"publish","topic":"room","n":-0,"n":1E2}');
  await session.send("alice", ' { "type" : "publish", "topic" : "room", "by":"alice", "data" : "\\u00e9\\ud83d" } ');
  await session.publish("alice", "unknown", 1);
  await session.publish("alice", "", 1);
  await session.send("alice", '{"type":"ping","topics":5}', '{"type":"ping"}');

  await session.send("carol", binary({ type: "subscribe", topics: ["Ünïcödé 日本語 😀", "__proto__", "constructor"] }));
  await session.subscribe("alice", "Ünïcödé 日本語 😀", "__proto__", "toString");
  await session.send("alice", binary({ type: "publish", topic: "Ünïcödé 日本語 😀", data: "😀", by: "alice" }));
  await session.publish("alice", "__proto__", { polluted: false });
  await session.publish("alice", "toString", 1);

  await session.subscribe("carol", "room");
  await session.publish("carol", "room", 3);
  await session.unsubscribe("carol", "room", "room", "unknown");
  await session.send("carol", '{"type":"unsubscribe"}');
  await session.publish("alice", "room", "less carol");
  await session.subscribe("carol", "room");
  await session.publish("alice", "room", "carol again");

  const topics = Array.from({ length: 100 }, (_, index) => `topic ${index}`);
  for (const name of ["dave", "erin"]) await session.enter(name);
  for (const name of ["dave", "erin"]) await session.subscribe(name, ...topics);
  for (const topic of topics) await session.publish("dave", topic, topic);

  await session.leave("carol", "room", ["alice", "bob"]);
  await session.publish("alice", "room", "carol is gone");
  await session.unsubscribe("bob", "room");
  await session.publish("alice", "room", "no client receives this");
};

test("a session of valid messages receives the same as from y-webrtc's server, without the echo of a client's own", async () => {
  const theirs = await play(upstream.url, soundSession);
  expect(await play(`${ours.wsUrl}/signal`, soundSession)).toEqual(theirs);
  expect(Object.values(theirs).map((frames) => frames.length)).toEqual([3, 9, 3, 0, 100]);
});

/** A client publishes to a topic to which it never subscribed, and to one that it has left. */
const withoutSubscription: Script = async (session) => {
  for (const name of ["alice", "bob"]) await session.enter(name);
  await session.subscribe("bob", "room");
  await session.publish("alice", "room", 1);
  await session.subscribe("alice", "room");
  await session.unsubscribe("alice", "room");
  await session.publish("alice", "room", 2);
};

test("publishing needs a subscription, which y-webrtc's server does not require", async () => {
  const theirs = await play(upstream.url, withoutSubscription);
  expect(theirs["bob"]?.map((frame) => JSON.parse(frame).data)).toEqual([1, 2]);
  expect(await play(`${ours.wsUrl}/signal`, withoutSubscription)).toEqual({ alice: [], bob: [] });
});
