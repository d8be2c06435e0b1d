import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { defaultsOf } from "../../../src/config/limit.ts";
import { AddressCounts } from "../../../src/lib/address/address-counts.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { turnLimits } from "../../../src/turn/limits.ts";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { TurnPort } from "../../../src/turn/network/turn-port.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { StreamPeer } from "../../support/turn/stream-peer.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

let closing: AsyncDisposableStack;
beforeEach(() => {
  closing = new AsyncDisposableStack();
});
afterEach(() => closing.disposeAsync());

/** Echoes every message. */
async function openPort(addresses: readonly string[], port = 0): Promise<TurnPort> {
  const metrics = createMetrics();
  const limits = defaultsOf(turnLimits);
  const opened = await TurnPort.open({
    addresses,
    port,
    connections: { limits, perAddress: new AddressCounts({ addresses: new CountedAddresses(), limit: 100 }) },
    limits,
    clock: new FakeClock(),
    counts: metrics.turn,
    bounds: metrics.bounds,
    outboxes: { count: () => {} },
    socketOptions: closing.use(new SocketOptions()),
    receive: (socket, bytes, address, from) => socket.send(bytes, address, from),
    disconnected: () => {},
  });
  closing.defer(() => opened.stop());
  return opened;
}

const binding = Buffer.from("000100002112a442b7e7a701bc34d686fa87dfae", "hex");

async function answersAt(address: string, port: number): Promise<void> {
  using peer = await UdpPeer.open(address);
  peer.send(binding, port, address);
  expect((await peer.next()).address).toBe(address);
  using stream = await StreamPeer.open(port, { address });
  stream.send(binding);
  expect(await stream.hasReceived(binding.byteLength)).toEqual(binding);
}

describe("a port of TURN", () => {
  test("is the same for UDP and TCP, on every address", async () => {
    const { port, addresses } = await openPort(["127.0.0.1", "::1"]);
    expect(addresses).toEqual(["127.0.0.1", "::1"]);
    for (const address of addresses) await answersAt(address, port);
  });

  test("leaves out the addresses that this machine lacks, unless it lacks all", async () => {
    expect((await openPort(["192.0.2.200", "127.0.0.1"])).addresses).toEqual(["127.0.0.1"]);
    await expect(openPort(["192.0.2.200"])).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("is free again when one of its addresses is in use, and refused with the system's error", async () => {
    const used = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    closing.defer(() => used.stop(true));
    await expect(openPort(["::1", "127.0.0.1"], used.port)).rejects.toMatchObject({ code: "EADDRINUSE" });
    const other = await openPort(["::1"], used.port);
    await answersAt("::1", other.port);
  });

  test("follows the addresses of the machine", async () => {
    const port = await openPort(["127.0.0.1"]);
    await port.follow(["127.0.0.1", "192.0.2.200", "127.0.0.2"]);
    expect(port.addresses).toEqual(["127.0.0.1", "127.0.0.2"]);
    await answersAt("127.0.0.2", port.port);
    await port.follow(["127.0.0.2"]);
    expect(port.addresses).toEqual(["127.0.0.2"]);
    await expect(StreamPeer.open(port.port, { address: "127.0.0.1" })).rejects.toThrow();
    port.stop();
    await port.follow(["127.0.0.1"]);
    await expect(StreamPeer.open(port.port, { address: "127.0.0.1" })).rejects.toThrow();
  });
});
