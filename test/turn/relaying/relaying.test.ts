import { describe, expect, test } from "bun:test";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { FakeServerSocket } from "../../support/turn/fake-server-socket.ts";
import { channelData } from "../../support/turn/fake-turn-client.ts";
import { newTransactionId, peerAddress } from "../../support/turn/request-writer.ts";
import { TestTurn } from "../../support/turn/test-turn.ts";

const peer = "8.8.8.8";
const data = Uint8Array.of(1, 2, 3);
const payloadOf = (bytes: number) => Uint8Array.from({ length: bytes }, (_, index) => index % 251);

/** The peer and the payload of a Data indication. */
function readData(bytes: Uint8Array | undefined) {
  const message = bytes && decodeStun(bytes);
  const from = message?.addressOf(attributes.xorPeerAddress);
  const isData = message?.method === methods.data && message.messageClass === "indication";
  return isData && from !== undefined
    ? { address: formatIpAddress(from.ip), port: from.port, payload: message?.bytesOf(attributes.data) }
    : undefined;
}

describe("D: data", () => {
  test("D1: the data of a Send indication reaches the peer as it is", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.permit(peer);
    client.send(payloadOf(519), peer, 5_000);
    expect(relay.take()).toEqual([{ payload: payloadOf(519), address: peer, port: 5_000 }]);
  });

  test("D1: data that ends as a FINGERPRINT does is no attribute of the indication", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.permit(peer);
    const check = new StunWriter().begin(methods.binding, "request", newTransactionId()).fingerprint().finish();
    client.send(check, peer);
    expect(relay.take()).toHaveLength(1);
  });

  test("D2: without a permission it is dropped, and not answered", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.send(data, peer);
    expect([relay.take(), client.take()]).toEqual([[], []]);
    expect(turn.counts.dropsOf("no-permission")).toBe(1);
  });

  test.each([
    ["DATA", peerAddress(peer)],
    ["XOR-PEER-ADDRESS", (writer: StunWriter) => writer.bytes(attributes.data, data)],
    [
      "a known attribute only",
      (writer: StunWriter) => {
        peerAddress(peer)(writer);
        writer.bytes(attributes.data, data).uint32(0x7777, 1);
      },
    ],
  ])("D3: a Send indication without %s is dropped", async (_, write) => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.permit(peer);
    const writer = new StunWriter().begin(methods.send, "indication", newTransactionId());
    write(writer);
    client.deliver(writer.finish());
    expect([relay.take(), client.take()]).toEqual([[], []]);
    expect(turn.counts.dropsOf("malformed")).toBe(1);
  });

  test("D4: empty data is an empty datagram, in an indication and on a channel, both ways", async () => {
    const { client, relay } = await new TestTurn().allocated();
    const empty = new Uint8Array();
    client.permit(peer);
    client.send(empty, peer, 5_000);
    relay.receive(empty, peer, 5_000);
    expect(readData(client.take()[0])).toEqual({ address: peer, port: 5_000, payload: empty });
    client.bindChannel(0x4000, peer, 5_000);
    client.sendOnChannel(0x4000, empty);
    relay.receive(empty, peer, 5_000);
    expect(client.take()).toEqual([Uint8Array.of(0x40, 0, 0, 0)]);
    expect(relay.take().map(({ payload }) => payload)).toEqual([empty, empty]);
  });

  test("D5: ChannelData that says to be longer than it is is dropped; what follows its data is padding", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.bindChannel(0x4000, peer);
    client.deliver(Uint8Array.of(0x40, 0, 0, 4, 1, 2, 3));
    client.deliver(Uint8Array.of(0x40, 0, 0));
    expect(relay.take()).toEqual([]);
    expect(turn.counts.dropsOf("malformed")).toBe(2);
    client.deliver(Uint8Array.of(0x40, 0, 0, 3, 1, 2, 3, 0xff));
    expect(relay.take()[0]?.payload).toEqual(data);
  });

  test("D6: data on a channel that is not bound is dropped", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.bindChannel(0x4000, peer);
    client.sendOnChannel(0x4001, data);
    expect(relay.take()).toEqual([]);
    expect(turn.counts.dropsOf("unbound-channel")).toBe(1);
  });

  test("D7: data of a peer comes as ChannelData from the port that has a channel, else as a Data indication", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.bindChannel(0x4000, peer, 5_000);
    relay.receive(data, peer, 5_000);
    relay.receive(data, peer, 5_001);
    const [first, second] = client.take();
    expect(first).toEqual(channelData(0x4000, data));
    expect(readData(second)).toEqual({ address: peer, port: 5_001, payload: data });
  });

  test("D7: a Data indication names an IPv6 peer", async () => {
    const turn = new TestTurn();
    const client = turn.client();
    await client.allocate((writer) => {
      writer.uint8(attributes.requestedTransport, 17).uint8(attributes.requestedAddressFamily, 2);
    });
    client.permit("2606:4700::1111");
    turn.network.sockets[0]?.receive(data, "2606:4700::1111", 5_000);
    expect(readData(client.take()[0])).toEqual({ address: "2606:4700::1111", port: 5_000, payload: data });
    client.send(data, "2606:4700::1111");
    client.send(data, "2606:4700::1112");
    expect(turn.network.sockets[0]?.take()).toHaveLength(1);
  });

  test("D7: on a stream ChannelData is padded to a multiple of four bytes", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated({ socket: new FakeServerSocket("tcp") });
    client.bindChannel(0x4000, peer, 5_000);
    relay.receive(payloadOf(101), peer, 5_000);
    const [bytes] = client.take();
    expect(bytes).toEqual(Uint8Array.of(0x40, 0, 0, 101, ...payloadOf(101), 0, 0, 0));
    client.deliver(bytes ?? new Uint8Array());
    expect(relay.take()[0]?.payload).toEqual(payloadOf(101));
  });

  test.each([1_200, 1_500, 9_000, 65_000, 65_504])("D8: a payload of %d bytes passes both ways", async (bytes) => {
    const { client, relay } = await new TestTurn().allocated();
    client.bindChannel(0x4000, peer, 5_000);
    client.sendOnChannel(0x4000, payloadOf(bytes));
    client.send(payloadOf(bytes), peer, 5_001);
    relay.receive(payloadOf(bytes), peer, 5_000);
    relay.receive(payloadOf(bytes), peer, 5_001);
    expect(relay.take().map(({ payload }) => payload)).toEqual([payloadOf(bytes), payloadOf(bytes)]);
    const [first, second] = client.take();
    expect(first).toEqual(channelData(0x4000, payloadOf(bytes)));
    expect(readData(second)?.payload).toEqual(payloadOf(bytes));
  });

  test("D8: a datagram of a peer that fits in no message is dropped", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.bindChannel(0x4000, peer, 5_000);
    relay.receive(payloadOf(65_505), peer, 5_000);
    expect(client.take()).toEqual([]);
    expect(turn.counts.dropsOf("malformed")).toBe(1);
  });

  test("D10: the order of an allocation's packets is kept", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.bindChannel(0x4000, peer, 5_000);
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    for (const number of numbers) {
      if (number % 3 === 0) client.send(Uint8Array.of(number), peer, 5_000);
      else client.sendOnChannel(0x4000, Uint8Array.of(number));
      relay.receive(Uint8Array.of(number), peer, number % 2 === 0 ? 5_000 : 5_001);
    }
    expect(relay.take().map(({ payload }) => payload[0] ?? -1)).toEqual(numbers);
    const received = client.take().map((bytes) => (bytes[0] === 0x40 ? bytes[4] : readData(bytes)?.payload?.[0]));
    expect(received).toEqual(numbers);
  });

  test.each([
    ["turnAllocationBytesPerSecond", "limits.turn-allocation-bytes-per-second"],
    ["turnUserBytesPerSecond", "limits.turn-user-bytes-per-second"],
    ["turnBytesPerSecond", "limits.turn-bytes-per-second"],
  ] as const)(
    "D11: beyond %s packets are dropped, of both directions, until the second has passed",
    async (limit, bound) => {
      const turn = new TestTurn({ limits: { [limit]: 65_536 } });
      const { client, relay } = await turn.allocated();
      client.bindChannel(0x4000, peer, 5_000);
      for (let count = 0; count < 100; count += 1) {
        client.sendOnChannel(0x4000, payloadOf(1_024));
        relay.receive(payloadOf(1_024), peer, 5_000);
      }
      expect([relay.take().length, client.take().length]).toEqual([32, 32]);
      expect(turn.counts.dropsOf("bandwidth")).toBe(136);
      expect(new Set(turn.bounds)).toEqual(new Set([bound]));
      turn.clock.advance(500);
      for (let count = 0; count < 100; count += 1) client.sendOnChannel(0x4000, payloadOf(1_024));
      expect(relay.take()).toHaveLength(32);
    },
  );

  test("D11: one allocation at its bound takes nothing from another; one user takes nothing from another", async () => {
    const turn = new TestTurn({ limits: { turnAllocationBytesPerSecond: 65_536, turnUserBytesPerSecond: 131_072 } });
    const [first, second, third] = [await turn.allocated(), await turn.allocated(), await turn.allocated()];
    const other = await turn.allocated({ user: "bob" });
    for (const { client, relay } of [first, second, third, other]) {
      client.bindChannel(0x4000, peer);
      for (let count = 0; count < 100; count += 1) client.sendOnChannel(0x4000, payloadOf(1_024));
      expect(relay.take()).toHaveLength(client === third.client ? 0 : 64);
    }
  });

  test("D11: a reload changes the rate of allocations that exist", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.bindChannel(0x4000, peer);
    turn.limits.turnAllocationBytesPerSecond = 65_536;
    turn.clock.advance(1_000);
    for (let count = 0; count < 100; count += 1) client.sendOnChannel(0x4000, payloadOf(1_024));
    expect(relay.take()).toHaveLength(64);
  });
});

test("a peer that other rules refuse exchanges nothing any more, although its permission goes on", async () => {
  const turn = new TestTurn();
  const { client, relay } = await turn.allocated();
  client.bindChannel(0x4000, peer, 5_000);
  turn.changeRules({ deny: ["8.8.8.0/24"] });
  client.sendOnChannel(0x4000, data);
  client.send(data, peer);
  relay.receive(data, peer, 5_000);
  expect([relay.take(), client.take()]).toEqual([[], []]);
  expect(turn.counts.dropsOf("forbidden-peer")).toBe(3);
  turn.changeRules({});
  client.sendOnChannel(0x4000, data);
  expect(relay.take()).toHaveLength(1);
});

test("a permission opens no port of services", async () => {
  const turn = new TestTurn();
  const { client, relay } = await turn.allocated();
  client.permit(peer);
  for (const port of [0, 53, 1_023]) client.send(data, peer, port);
  expect(relay.take()).toEqual([]);
  expect(turn.counts.dropsOf("forbidden-peer")).toBe(3);
});

test("packets and bytes are counted each way, without headers", async () => {
  const turn = new TestTurn();
  const { client, relay } = await turn.allocated();
  client.bindChannel(0x4000, peer, 5_000);
  client.sendOnChannel(0x4000, payloadOf(10));
  client.send(payloadOf(20), peer);
  relay.receive(payloadOf(30), peer, 5_000);
  const { toPeerPackets, toPeerBytes, toClientPackets, toClientBytes } = turn.counts;
  expect([toPeerPackets, toPeerBytes, toClientPackets, toClientBytes]).toEqual([2, 30, 1, 30]);
});

test("data of a client without allocation is dropped", () => {
  const turn = new TestTurn();
  const client = turn.client();
  client.sendOnChannel(0x4000, data);
  client.send(data, peer);
  expect(client.take()).toEqual([]);
  expect(turn.counts.dropsOf("no-allocation")).toBe(2);
});
