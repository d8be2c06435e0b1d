import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AddressCounts } from "../../../src/lib/address/address-counts.ts";
import type { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { Outboxes } from "../../../src/transport/outboxes/outboxes.ts";
import { StreamListener, type StreamListenerOptions } from "../../../src/turn/network/stream-listener.ts";
import { TurnTlsPort } from "../../../src/turn/network/turn-tls-port.ts";
import type { ServerSocket } from "../../../src/turn/server-socket.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { TestAuthority } from "../../support/https/test-authority.ts";
import { StreamPeer } from "../../support/turn/stream-peer.ts";

const authority = await TestAuthority.create();
const certificate = await authority.issue(["turn.test"]);
/** Counts the clients of loopback, too. */
const everyAddress: Pick<CountedAddresses, "keyOf"> = { keyOf: (address) => address };

setDefaultTimeout(20_000);

let closing: AsyncDisposableStack;
let clock: FakeClock;
let metrics: Metrics;
let limits: {
  turnConnections: number;
  turnConnectionsPerAddress: number;
  turnFirstAllocationMs: number;
  turnUnsentBytes: number;
  outboxesBytes: number;
};
let sockets: Set<ServerSocket>;
let messages: { readonly socket: ServerSocket; readonly bytes: Buffer; readonly port: number }[];

beforeEach(() => {
  closing = new AsyncDisposableStack();
  clock = new FakeClock();
  metrics = createMetrics();
  limits = {
    turnConnections: 100,
    turnConnectionsPerAddress: 100,
    turnFirstAllocationMs: 10_000,
    turnUnsentBytes: 256 * 1_024,
    outboxesBytes: 64 * 1_024 * 1_024,
  };
  sockets = new Set();
  messages = [];
});

afterEach(() => closing.disposeAsync());

/** Echoes each message. */
function optionsOf(isTls: boolean): StreamListenerOptions {
  return {
    address: "127.0.0.1",
    port: 0,
    certificate: isTls ? certificate : undefined,
    connections: {
      limits,
      perAddress: new AddressCounts({
        // The counts use this one method.
        addresses: everyAddress as CountedAddresses,
        get limit() {
          return limits.turnConnectionsPerAddress;
        },
      }),
    },
    limits,
    clock,
    counts: metrics.turn,
    bounds: metrics.bounds,
    outboxes: new Outboxes({ limits, addresses: everyAddress as CountedAddresses, clock, metrics }),
    receive: (socket, bytes, address, port) => {
      sockets.add(socket);
      messages.push({ socket, bytes: Buffer.from(bytes), port });
      socket.send(bytes, address, port);
    },
    disconnected: (socket) => void sockets.delete(socket),
  };
}

function listen(isTls = false): StreamListener {
  const listener = new StreamListener(optionsOf(isTls));
  closing.defer(() => listener.stop());
  return listener;
}

const open = async (port: number, isTls = false) => closing.use(await StreamPeer.open(port, { isTls }));

/** A STUN message with a body of `bytes` bytes. */
function stun(bytes = 0): Buffer {
  const message = Buffer.alloc(20 + bytes, bytes % 251);
  message.writeUInt32BE(0x0001_0000 + bytes, 0);
  message.writeUInt32BE(0x2112_a442, 4);
  return message;
}

const boundsMet = async () =>
  (await metrics.bounds.get()).values.map(({ labels, value }) => [labels.bound, value] as const);

describe.each([
  ["TCP", false],
  ["TLS", true],
])("a listener for %s", (_, isTls) => {
  const transport = isTls ? "tls" : "tcp";

  test("cuts what arrives byte by byte into whole messages, and many messages of one packet", async () => {
    const { port } = listen(isTls);
    const peer = await open(port, isTls);
    for (const byte of stun(8)) peer.send(Uint8Array.of(byte));
    await peer.hasReceived(28);
    peer.send(Buffer.concat([stun(), stun(400), stun(4)]));
    expect(await peer.hasReceived(28 + 20 + 420 + 24)).toEqual(Buffer.concat([stun(8), stun(), stun(400), stun(4)]));
    expect(messages.map(({ bytes }) => bytes.byteLength)).toEqual([28, 20, 420, 24]);
    expect(new Set(messages.map(({ port: from }) => from))).toEqual(new Set([peer.localPort]));
    expect(new Set(messages.map(({ socket }) => socket.transport))).toEqual(new Set([transport]));
  });

  test.each([
    ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: yurt\r\n\r\n")],
    ["a first byte of no message", Uint8Array.of(0x80, 0, 0, 0)],
  ])("closes a connection that begins with %s", async (__, bytes) => {
    const peer = await open(listen(isTls).port, isTls);
    peer.send(bytes);
    await peer.closed();
    expect(peer.received.byteLength).toBe(0);
    expect(metrics.turn.dropsOf("malformed")).toBe(1);
  });

  test("closes a connection that has no allocation after ten seconds, whatever it sends", async () => {
    const { port } = listen(isTls);
    const [silent, talking, admitted] = [await open(port, isTls), await open(port, isTls), await open(port, isTls)];
    talking.send(stun());
    admitted.send(stun());
    await Promise.all([talking.hasReceived(20), admitted.hasReceived(20)]);
    messages.find(({ port: from }) => from === admitted.localPort)?.socket.admitted();
    await eventually("all are open", () => metrics.turn.connections[transport] === 3);
    clock.advance(9_999);
    talking.send(stun());
    await talking.hasReceived(40);
    clock.advance(1);
    await Promise.all([silent.closed(), talking.closed()]);
    admitted.send(stun());
    await admitted.hasReceived(40);
    expect(await boundsMet()).toEqual([["limits.turn-first-allocation-ms", 2]]);
  });

  test("gives a client that has lost its allocation the same time again", async () => {
    const peer = await open(listen(isTls).port, isTls);
    peer.send(stun());
    await peer.hasReceived(20);
    const [socket] = sockets;
    socket?.admitted();
    clock.advance(60_000);
    socket?.released();
    clock.advance(9_999);
    socket?.admitted();
    clock.advance(60_000);
    peer.send(stun());
    await peer.hasReceived(40);
    socket?.released();
    clock.advance(10_000);
    await peer.closed();
  });

  test("closes a client without an allocation whose message is longer than a request can be", async () => {
    const peer = await open(listen(isTls).port, isTls);
    peer.send(stun(8_000).subarray(0, 4_096));
    peer.send(stun(8_000).subarray(4_096, 6_000));
    await peer.closed();
    expect(messages).toEqual([]);
  });

  test("reports a disconnected client, and counts the open ones", async () => {
    const peer = await open(listen(isTls).port, isTls);
    peer.send(stun());
    await peer.hasReceived(20);
    expect(metrics.turn.connections[transport]).toBe(1);
    peer[Symbol.dispose]();
    await eventually("gone", () => sockets.size === 0);
    expect(metrics.turn.connections[transport]).toBe(0);
    // Nothing is sent any more, and nothing thrown.
    for (const { socket } of messages) socket.send(stun(), "127.0.0.1", 1);
  });

  test("keeps the queue of a client that does not read within its bound, and its messages whole", async () => {
    const { port } = listen(isTls);
    const slow = await open(port, isTls);
    const other = await open(port, isTls);
    slow.send(stun());
    await slow.hasReceived(20);
    const [socket] = sockets;
    slow.pause();
    // Each message has its number in its first bytes behind the header.
    const count = 8_000;
    for (let index = 0; index < count; index += 1) {
      const message = stun(1_000);
      message.writeUInt32BE(index, 20);
      socket?.send(message, "127.0.0.1", slow.localPort);
    }
    const dropped = metrics.turn.dropsOf("slow-reader");
    expect(dropped).toBeGreaterThan(0);
    other.send(stun());
    await other.hasReceived(20);
    slow.resume();
    const kept = count - dropped;
    const received = (await slow.hasReceived(20 + kept * 1_020)).subarray(20);
    expect(received.byteLength).toBe(kept * 1_020);
    const numbers = Array.from({ length: kept }, (__, index) => received.readUInt32BE(index * 1_020 + 20));
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
    expect(received.readUInt32BE((kept - 1) * 1_020)).toBe(0x0001_03e8);
    // When the queue is empty, messages are sent again.
    socket?.send(stun(4), "127.0.0.1", slow.localPort);
    await slow.hasReceived(20 + kept * 1_020 + 24);
  });

  test("loses the connection with most unsent bytes, if all together have too many", async () => {
    limits.outboxesBytes = 300 * 1_024;
    const { port } = listen(isTls);
    const peers = [await open(port, isTls), await open(port, isTls)];
    for (const peer of peers) {
      peer.send(stun());
      await peer.hasReceived(20);
      peer.pause();
    }
    for (const socket of sockets)
      for (let count = 0; count < 8_000; count += 1) socket.send(stun(1_000), "127.0.0.1", 1);
    expect(sockets.size).toBe(2);
    clock.endTurn();
    await eventually("one connection is closed", async () => sockets.size === 1);
    expect(await boundsMet()).toContainEqual(["limits.outboxes-bytes", 1]);
    expect(metrics.turn.connections[transport]).toBe(1);
  });

  test("closes connections beyond the bounds of an address and of all, until one disconnects", async () => {
    limits.turnConnectionsPerAddress = 2;
    const { port } = listen(isTls);
    const [first] = [await open(port, isTls), await open(port, isTls)];
    await eventually("both are open", () => metrics.turn.connections[transport] === 2);
    const refused = await StreamPeer.open(port).then((peer) => closing.use(peer));
    await refused.closed();
    limits.turnConnectionsPerAddress = 100;
    limits.turnConnections = 2;
    const refusedToo = await StreamPeer.open(port).then((peer) => closing.use(peer));
    await refusedToo.closed();
    first?.[Symbol.dispose]();
    await eventually("one has gone", () => metrics.turn.connections[transport] === 1);
    const next = await open(port, isTls);
    next.send(stun());
    await next.hasReceived(20);
    expect(new Map(await boundsMet())).toEqual(
      new Map([
        ["limits.turn-connections", 1],
        ["limits.turn-connections-per-address", 1],
      ]),
    );
  });
});

test("a TLS port closes a connection without a handshake after the same time", async () => {
  const peer = closing.use(await StreamPeer.open(listen(true).port));
  await eventually("it is open", () => metrics.turn.connections.tls === 1);
  clock.advance(10_000);
  await peer.closed();
});

describe("the TLS port", () => {
  function openPort(port = 0): TurnTlsPort {
    const opened = new TurnTlsPort({ ...optionsOf(false), port, addresses: ["127.0.0.1"] });
    closing.defer(() => opened.stop());
    return opened;
  }

  test("listens from the first certificate on; the next one is for new connections, and open ones stay", async () => {
    const port = openPort();
    expect(port.port).toBeUndefined();
    port.replaceCertificate(certificate);
    const number = port.port ?? 0;
    const former = await open(number, true);
    former.send(stun());
    await former.hasReceived(20);
    port.replaceCertificate(await authority.issue(["next.test"]));
    expect(port.port).toBe(number);
    for (let attempt = 0; attempt < 10; attempt += 1) expect(await nameAt(number)).toBe("next.test");
    former.send(stun(4));
    await former.hasReceived(44);
    port.stop();
    await former.closed();
  });

  test("goes on with its certificate when the next one cannot be used", async () => {
    const port = openPort();
    port.replaceCertificate(certificate);
    expect(() => port.replaceCertificate({ chain: "no certificate", privateKey: "no key" })).toThrow();
    expect(await nameAt(port.port ?? 0)).toBe("turn.test");
  });

  test("does not share its port with another server", async () => {
    const port = openPort();
    port.replaceCertificate(certificate);
    const second = openPort(port.port ?? 0);
    expect(() => second.replaceCertificate(certificate)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    expect(second.port).toBeUndefined();
  });
});

/** The name on the certificate that a new connection gets. */
async function nameAt(port: number): Promise<string> {
  const { connect } = await import("node:tls");
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}
