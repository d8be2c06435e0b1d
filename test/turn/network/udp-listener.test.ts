import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TurnCounts } from "../../../src/ops/metrics/turn-metrics.ts";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { UdpListener } from "../../../src/turn/network/udp-listener.ts";
import { settled } from "../../support/eventually.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

/** The runtime without the C library: only the second attempt to send helps there. */
const withoutLibrary = { prepare: () => {} };

let closing: AsyncDisposableStack;
let socketOptions: SocketOptions;
let counts: TurnCounts;

beforeEach(() => {
  closing = new AsyncDisposableStack();
  socketOptions = closing.use(new SocketOptions());
  counts = new TurnCounts();
});

afterEach(() => closing.disposeAsync());

const utf8 = new TextEncoder();

/** A listener that answers each message with itself. */
async function openEcho(options: Pick<SocketOptions, "prepare"> = socketOptions, address = "127.0.0.1") {
  const listener = await UdpListener.open({
    address,
    port: 0,
    socketOptions: options,
    counts,
    receive: (socket, bytes, from, port) => socket.send(bytes, from, port),
  });
  closing.defer(() => listener.stop());
  return listener;
}

const openPeer = async (address = "127.0.0.1") => closing.use(await UdpPeer.open(address));

/** A port on which nothing listens: packets to it are answered by ICMP errors. */
async function deadPort(): Promise<number> {
  using peer = await UdpPeer.open("127.0.0.1");
  return peer.port;
}

describe("a UDP listener", () => {
  test.each(["127.0.0.1", "::1"])("answers at %s from the address to which a message was sent", async (address) => {
    const listener = await openEcho(socketOptions, address);
    const peer = await openPeer(address);
    peer.send(utf8.encode("binding"), listener.port, address);
    const { bytes, address: from, port } = await peer.next();
    expect([new TextDecoder().decode(bytes), from, port]).toEqual(["binding", address, listener.port]);
  });

  test.each([
    ["with the options of the C library", () => socketOptions],
    ["without the C library", () => withoutLibrary],
  ])("loses nothing of a healthy client while others are gone, %s", async (_, options) => {
    const listener = await openEcho(options());
    const peer = await openPeer();
    const dead = await deadPort();
    for (let index = 0; index < 50; index += 1) {
      listener.send(utf8.encode("to nobody"), "127.0.0.1", dead);
      // The error of the packet to nobody arrives.
      await settled();
      listener.send(utf8.encode(`packet ${index}`), "127.0.0.1", peer.port);
    }
    const received = await Promise.all(Array.from({ length: 50 }, () => peer.next()));
    expect(received.map(({ bytes }) => new TextDecoder().decode(bytes))).toEqual(
      Array.from({ length: 50 }, (__, index) => `packet ${index}`),
    );
    expect(counts.dropsOf("not-sent")).toBe(0);
  });

  test("counts what the system refuses, and goes on", async () => {
    const listener = await openEcho();
    const peer = await openPeer();
    listener.send(new Uint8Array(70_000), "127.0.0.1", peer.port);
    listener.send(utf8.encode("no address"), "example", peer.port);
    expect(counts.dropsOf("not-sent")).toBe(2);
    peer.send(utf8.encode("still there"), listener.port, "127.0.0.1");
    expect((await peer.next()).bytes).toEqual(Buffer.from("still there"));
  });

  test("refuses a port that is in use, with the system's error", async () => {
    const { port } = await openEcho();
    const second = UdpListener.open({ address: "127.0.0.1", port, socketOptions, counts, receive: () => {} });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  test("takes a burst while the event loop is busy, where its buffer can be enlarged", async () => {
    let received = 0;
    const listener = await UdpListener.open({
      address: "127.0.0.1",
      port: 0,
      socketOptions,
      counts,
      receive: () => {
        received += 1;
      },
    });
    closing.defer(() => listener.stop());
    const peer = await openPeer();
    const burst = 1_000;
    // 1,000 bytes count as more than 2 kB of the buffer: the usual 208 KiB hold less than 100 of them.
    for (let index = 0; index < burst; index += 1) peer.send(new Uint8Array(1_000), listener.port, "127.0.0.1");
    peer.send(new Uint8Array(1), listener.port, "127.0.0.1");
    for (let turn = 0; turn < 1_000 && received <= burst; turn += 1) await settled();
    expect(received).toBe(process.platform === "linux" ? burst + 1 : expect.any(Number));
  });
});
