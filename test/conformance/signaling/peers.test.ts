import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { io } from "socket.io-client";
import { SocketIoDevice, type TransportName, transports } from "../../support/clients/socket-io/socket-io-device.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
const opened: SocketIoDevice[] = [];

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

afterEach(() => {
  for (const { socket } of opened.splice(0)) socket.disconnect();
});

function openDevice(transport: TransportName = "websocket"): SocketIoDevice {
  const device = new SocketIoDevice(server.url, transport);
  opened.push(device);
  return device;
}

const unique = () => crypto.randomUUID();
const success = [null, "success"];

describe.each(Object.keys(transports) as TransportName[])("over %s", (transport) => {
  test("devices register, are announced to each other, and offer and answer", async () => {
    const [alice, bob] = [openDevice(transport), openDevice(transport)];
    const [a, b, group] = [unique(), unique(), unique()];
    expect(await alice.register(a, group)).toEqual(success);
    expect(await bob.register(b, group)).toEqual(success);
    expect(await alice.next(1)).toEqual([["device-online", b]]);
    const offer = { connectionId: "1", fromDeviceId: a, toDeviceId: b, iceCandidates: [], sdi: { sdp: "v=0" } };
    alice.socket.emit("offer", offer);
    expect(await bob.next(1)).toEqual([["offer", offer]]);
    const answer = { connectionId: "1", fromDeviceId: "forged", toDeviceId: a, sdi: { sdp: "é" } };
    bob.socket.emit("answer", answer);
    bob.socket.emit("iceCandidate", { fromDevice: b, toDevice: a });
    expect(await alice.next(2)).toEqual([
      ["answer", { ...answer, fromDeviceId: b }],
      ["iceCandidate", { fromDevice: b, toDevice: a }],
    ]);
    expect(bob.socket.io.engine.transport.name).toBe(transport === "polling" ? "polling" : "websocket");
    bob.socket.disconnect();
    expect(await alice.next(1)).toEqual([["device-offline", b]]);
  });

  test("messages to a device before its registration are delivered in order when it registers", async () => {
    const alice = openDevice(transport);
    const [a, b] = [unique(), unique()];
    await alice.ask("device-registered", a);
    for (let sdi = 0; sdi < 40; sdi += 1) {
      expect(await alice.ask(sdi === 0 ? "offer" : "iceCandidate", { toDeviceId: b, sdi })).toEqual(success);
    }
    const bob = openDevice(transport);
    bob.socket.emit("device-registered", b);
    const received = (await bob.next(40)) as [string, { sdi: number; fromDeviceId: string }][];
    expect(received.map(([event, { sdi }]) => [event, sdi])).toEqual(
      Array.from({ length: 40 }, (_, index) => [index === 0 ? "offer" : "iceCandidate", index]),
    );
    expect(new Set(received.map(([, { fromDeviceId }]) => fromDeviceId))).toEqual(new Set([a]));
    expect(await alice.next(1)).toEqual([["device-online", b]]);
  });

  test("ICE servers are returned to both kinds of requests", async () => {
    const alice = openDevice(transport);
    expect(await alice.ask("getIceServers")).toEqual([null, []]);
    expect(await alice.ask("getIceServers", null)).toEqual([null, []]);
  });

  test("a device id whose client answers is in use", async () => {
    const [alice, thief] = [openDevice(transport), openDevice(transport)];
    const a = unique();
    await alice.register(a);
    expect(await thief.register(a)).toEqual(["Device id in use"]);
    expect(alice.socket.connected).toBe(true);
  });

  test("a client reconnects after the server has closed its connection, and can register again", async () => {
    const alice = openDevice(transport);
    const a = unique();
    await alice.register(a);
    const again = new Promise<void>((resolve) => alice.socket.once("connect", () => resolve()));
    alice.socket.io.engine.close();
    await again;
    expect(await alice.register(a)).toEqual(success);
  });
});

test("another namespace is refused with the message of Socket.IO", async () => {
  const socket = io(`${server.url}/admin`, { transports: ["websocket"], forceNew: true, reconnection: false });
  const error = await new Promise<Error>((resolve) => socket.on("connect_error", resolve));
  expect(error.message).toBe("Invalid namespace");
  socket.disconnect();
});

describe("bad input", () => {
  /** A session over a bare WebSocket, after the handshakes of the server and of the namespace. */
  async function connectRaw() {
    const socket = new WebSocket(`${server.wsUrl}/socket.io/?EIO=4&transport=websocket`);
    const received: string[] = [];
    let closed: { readonly code: number } | undefined;
    socket.onmessage = ({ data }) => received.push(String(data));
    socket.onclose = ({ code }) => {
      closed = { code };
    };
    await eventually("open", () => received.length === 1);
    socket.send("40");
    await eventually("connected", () => received.length === 2);
    received.splice(0);
    return { socket, received, closed: () => closed };
  }

  test.each<[string, string]>([
    ["garbage", "garbage"],
    ["a packet that is none", "4garbage"],
    ["an event that is no JSON", "42["],
    ["a frame of more than 1 MiB", `42["bump","${"x".repeat(1024 * 1024)}"]`],
  ])("%s ends its own session and no other", async (_, frame) => {
    const [alice, bob] = [openDevice(), openDevice()];
    const [a, b] = [unique(), unique()];
    await Promise.all([alice.register(a), bob.register(b)]);
    const mallory = await connectRaw();
    mallory.socket.send(frame);
    await eventually("closed", () => mallory.closed() !== undefined);
    alice.socket.emit("offer", { toDeviceId: b });
    expect(await bob.next(1)).toEqual([["offer", { toDeviceId: b, fromDeviceId: a }]]);
  });

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ["a binary event", '451-["offer",{"_placeholder":true,"num":0}]'],
    ["an attachment", new Uint8Array([1, 2, 3])],
    ["a connect error, which only servers send", "44{}"],
    ["an empty packet", "4"],
  ])("%s is ignored, and the session goes on", async (_, frame) => {
    const { socket, received, closed } = await connectRaw();
    socket.send(frame);
    socket.send(`427["register-device",{"deviceId":"${unique()}"}]`);
    await eventually("answered", () => received.length === 1);
    expect([received, closed()]).toEqual([['437[null,"success"]'], undefined]);
    socket.close();
  });

  test.each([
    [`42${"[".repeat(33)}${"]".repeat(33)}`, '42["error","limits.json-depth: nested deeper than 32"]'],
    [`429${"[".repeat(30_000)}${"]".repeat(30_000)}`, '439["limits.json-depth: nested deeper than 32"]'],
    [`429["bump","${"x".repeat(64 * 1024)}"]`, '439["limits.signaling-frame-bytes: a frame of 65549 bytes"]'],
  ])("a message that exceeds a bound is refused alone", async (frame, answer) => {
    const mallory = await connectRaw();
    mallory.socket.send(frame);
    mallory.socket.send('428["getIceServers"]');
    await eventually("answered", () => mallory.received.includes("438[null,[]]"));
    expect(mallory.received).toEqual([answer, "438[null,[]]"]);
    expect(mallory.closed()).toBeUndefined();
    mallory.socket.close();
  });

  test.each([
    ['["error"]', undefined],
    ['["__proto__",{}]', undefined],
    ["[5]", undefined],
    ['["offer",{"toDeviceId":"unknown"}]', '["Device is not registered"]'],
    ['["register-device",{"deviceId":5}]', '["Device id is not a string"]'],
    ['["register-device",{"deviceId":"__proto__","groups":["constructor"]}]', '[null,"success"]'],
  ])("%s is harmless", async (event, answer) => {
    const mallory = await connectRaw();
    mallory.socket.send(`427${event}`);
    mallory.socket.send('428["getIceServers"]');
    await eventually("answered", () => mallory.received.includes("438[null,[]]"));
    expect(mallory.received[0]).toBe(answer === undefined ? "438[null,[]]" : `437${answer}`);
    expect(mallory.closed()).toBeUndefined();
    mallory.socket.close();
  });

  test("more than a session can handle ends that session and no other", async () => {
    const [alice, mallory] = [openDevice(), await connectRaw()];
    await alice.register(unique());
    const frame = `42["offer",{"toDeviceId":"unknown","sdi":"${"x".repeat(60_000)}"}]`;
    for (let count = 0; count < 600; count += 1) mallory.socket.send(frame);
    await eventually("closed", () => mallory.closed() !== undefined);
    expect(await alice.ask("getIceServers")).toEqual([null, []]);
  });
});

test("a session that says nothing is pinged before it would end, and goes on if the client answers", async () => {
  await using own = await startTestServer({ syncEnabled: false, limits: { firstFrameMs: 200, livenessProbeMs: 300 } });
  const url = `${own.url}/socket.io/?EIO=4&transport=polling`;
  const shakeHands = async () => {
    const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1));
    const poll = async () => (await fetch(`${url}&sid=${sid}`)).text();
    const send = async (body: string) => (await fetch(`${url}&sid=${sid}`, { method: "POST", body })).text();
    return { poll, send };
  };
  const [answering, silent] = [await shakeHands(), await shakeHands()];
  expect([await answering.poll(), await silent.poll()]).toEqual(["2", "2"]);
  await answering.send("3");
  await pause(1_000);
  expect(await silent.send("40")).toContain("Session ID unknown");
  await answering.send("40");
  expect(await answering.poll()).toStartWith("40{");
});

test("the engine is loaded when the first client connects, and not before", async () => {
  const script = `
    import { startTestServer } from "./test/support/servers/start-test-server.ts";
    const isLoaded = () => Object.keys(require.cache).some((path) => path.includes("bun-engine"));
    const server = await startTestServer();
    const before = isLoaded();
    await fetch(server.url + "/socket.io/?EIO=4&transport=polling");
    console.log(before, isLoaded());
    await server.stop();
    process.exit();`;
  const child = Bun.spawn([process.execPath, "--no-env-file", "-"], {
    cwd: join(import.meta.dir, "../../.."),
    stdio: [new Blob([script]), "pipe", "inherit"],
  });
  expect(await child.stdout.text()).toBe("false true\n");
});

test("no answer to other clients contains a device id", async () => {
  const a = unique();
  await openDevice().register(a);
  for (const path of ["/socket.io/?EIO=4&transport=polling", "/socket.io/", "/metrics", "/readyz"]) {
    expect(await (await fetch(server.url + path)).text()).not.toContain(a);
  }
});

test("the client's script is not served", async () => {
  expect((await fetch(`${server.url}/socket.io/socket.io.js`)).status).toBe(404);
});
