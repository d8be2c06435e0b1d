import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { TurnCounts } from "../../../src/ops/metrics/turn-metrics.ts";
import { SocketOptions } from "../../../src/turn/network/socket-options.ts";
import { type RelayAddress, UdpRelayNetwork } from "../../../src/turn/network/udp-relay-network.ts";
import { UdpPeer } from "../../support/turn/udp-peer.ts";

const loopback: RelayAddress = { family: 4, bound: "127.0.0.1", advertised: "203.0.113.7" };

let closing: AsyncDisposableStack;
let socketOptions: SocketOptions;
let counts: TurnCounts;

beforeEach(() => {
  closing = new AsyncDisposableStack();
  socketOptions = closing.use(new SocketOptions());
  counts = new TurnCounts();
});

afterEach(() => closing.disposeAsync());

/** Ports from which nothing else on this machine takes one, so that tests know which are free. */
async function freePorts(count: number): Promise<{ readonly first: number; readonly last: number }> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const network = openNetwork({ first, last: first + count - 1 });
    const opened = await Promise.all(Array.from({ length: count }, () => network.open(4, () => {})));
    network.close();
    if (opened.every((socket) => socket !== undefined)) return { first, last: first + count - 1 };
  }
}

function openNetwork(ports: { first: number; last: number }, addresses: readonly RelayAddress[] = [loopback]) {
  const network = new UdpRelayNetwork({ addresses, ports, socketOptions, counts });
  closing.defer(() => network.close());
  return network;
}

describe("the relay network", () => {
  test("relays datagrams of every size, and drops what is too large for one", async () => {
    const network = openNetwork(await freePorts(10));
    const received: Uint8Array[] = [];
    const arrived = Promise.withResolvers<void>();
    const relay = await network.open(4, (payload) => {
      received.push(payload.slice());
      if (received.length === 5) arrived.resolve();
    });
    const peer = closing.use(await UdpPeer.open());
    for (const size of [0, 1_200, 1_500, 9_000, 65_000]) {
      const payload = crypto.getRandomValues(new Uint8Array(size));
      relay?.send(payload, "127.0.0.1", peer.port);
      const { bytes, port } = await peer.next();
      expect(bytes.equals(payload)).toBeTrue();
      expect(port).toBe(relay?.port ?? 0);
      peer.send(payload, port, "127.0.0.1");
    }
    await arrived.promise;
    expect(received.map(({ byteLength }) => byteLength)).toEqual([0, 1_200, 1_500, 9_000, 65_000]);
    relay?.send(new Uint8Array(65_508), "127.0.0.1", peer.port);
    expect(counts.dropsOf("not-sent")).toBe(1);
  });

  test("opens even ports only where they are asked for, until none is left", async () => {
    const { first } = await freePorts(9);
    const network = openNetwork({ first, last: first + 7 });
    const relays = await Promise.all(Array.from({ length: 5 }, () => network.open(4, () => {}, "even")));
    const ports = relays.map((relay) => relay?.port ?? 0);
    expect(ports.filter((port) => port % 2 !== 0)).toEqual([]);
    expect(new Set(ports).size).toBe(5);
    expect(relays.filter((relay) => relay === undefined)).toHaveLength(1);
  });

  test("tells the advertised address and a port of the range, each port once", async () => {
    const ports = await freePorts(8);
    const network = openNetwork(ports);
    const relays = await Promise.all(Array.from({ length: 8 }, () => network.open(4, () => {})));
    expect(relays.map((relay) => relay?.address)).toEqual(Array.from({ length: 8 }, () => "203.0.113.7"));
    const sorted = relays.map((relay) => relay?.port ?? 0).sort();
    expect(sorted).toEqual(Array.from({ length: 8 }, (_, index) => ports.first + index));
  });

  test("has none when all ports are in use, and again when one is closed", async () => {
    const network = openNetwork(await freePorts(2));
    const first = await network.open(4, () => {});
    await network.open(4, () => {});
    expect(await network.open(4, () => {})).toBeUndefined();
    first?.close();
    first?.close();
    expect((await network.open(4, () => {}))?.port).toBe(first?.port ?? 0);
  });

  test("passes over the ports of other programs", async () => {
    const ports = await freePorts(2);
    const other = await Bun.udpSocket({ hostname: "127.0.0.1", port: ports.first });
    closing.defer(() => other.close());
    const network = openNetwork(ports);
    expect((await network.open(4, () => {}))?.port).toBe(ports.last);
    expect(await network.open(4, () => {})).toBeUndefined();
  });

  test("chooses ports at random", async () => {
    const network = openNetwork({ first: 49_152, last: 65_535 });
    const relays = await Promise.all(Array.from({ length: 20 }, () => network.open(4, () => {})));
    const ports = relays.map((relay) => relay?.port ?? 0);
    // Neighbours are one in eight thousand.
    const neighbours = ports.filter((port) => ports.includes(port + 1));
    expect(neighbours.length).toBeLessThan(3);
  });

  test("has the families of its addresses, which a reload changes", async () => {
    const ports = await freePorts(4);
    const network = openNetwork(ports);
    expect([...network.families]).toEqual([4]);
    expect(await network.open(6, () => {})).toBeUndefined();
    network.replace({ addresses: [{ family: 6, bound: "::1", advertised: "2001:db8::7" }], ports });
    expect([...network.families]).toEqual([6]);
    expect((await network.open(6, () => {}))?.address).toBe("2001:db8::7");
  });

  test("rejects when the address is none of this machine", async () => {
    const network = openNetwork(await freePorts(1), [{ ...loopback, bound: "192.0.2.1" }]);
    await expect(network.open(4, () => {})).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  test("a closed network frees every port, also of what is being opened", async () => {
    const ports = await freePorts(2);
    const network = openNetwork(ports);
    await network.open(4, () => {});
    const opening = network.open(4, () => {});
    network.close();
    expect(await opening).toBeUndefined();
    const next = openNetwork(ports);
    const relays = await Promise.all([next.open(4, () => {}), next.open(4, () => {})]);
    expect(relays.filter((relay) => relay === undefined)).toEqual([]);
  });
});
