import { describe, expect, test } from "bun:test";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { relayedAddresses } from "../../support/turn/fake-relay-network.ts";
import { outcomeOf, peerAddress } from "../../support/turn/request-writer.ts";
import { TestTurn } from "../../support/turn/test-turn.ts";

const peer = "8.8.8.8";
const data = Uint8Array.of(1, 2, 3);
const forbidden4 = [
  ...["127.0.0.1", "10.1.1.1", "169.254.169.254", "192.168.1.1", "224.0.0.1", "255.255.255.255", "0.0.0.0"],
  ...["100.64.0.1"],
];
const forbidden6 = ["::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"];
/** Ranges that allow all of them. */
const allow = ["0.0.0.0/0", "::/0"];

/** A client with an allocation of the family. */
async function allocated(turn: TestTurn, family: 4 | 6) {
  const client = turn.client();
  await client.allocate((writer) => {
    writer.uint8(attributes.requestedTransport, 17);
    writer.uint8(attributes.requestedAddressFamily, family === 4 ? 1 : 2);
  });
  return client;
}

describe("P: permissions", () => {
  test("P1: without a peer, or with one that is malformed, it is answered 400", async () => {
    const { client } = await new TestTurn().allocated();
    expect(outcomeOf(client.request(methods.createPermission))).toBe(400);
    const malformed = client.request(methods.createPermission, (writer) => {
      peerAddress(peer)(writer);
      writer.bytes(attributes.xorPeerAddress, Uint8Array.of(0, 3, 1, 1, 1, 1, 1, 1));
    });
    expect(outcomeOf(malformed)).toBe(400);
  });

  test("P2: a peer of the other address family is answered 443", async () => {
    const turn = new TestTurn();
    expect(outcomeOf((await allocated(turn, 4)).permit("2606:4700::1"))).toBe(443);
    expect(outcomeOf((await allocated(turn, 6)).permit(peer))).toBe(443);
  });

  test.each([...forbidden4, ...forbidden6])(
    "P3, P4: %s is answered 403, and permitted by the allow list",
    async (address) => {
      const family = address.includes(":") ? 6 : 4;
      const turn = new TestTurn();
      expect(outcomeOf((await allocated(turn, family)).permit(address))).toBe(403);
      const open = new TestTurn({ rules: { allow } });
      expect(outcomeOf((await allocated(open, family)).permit(address))).toBe("success");
    },
  );

  test("P3: the log tells once a minute how to allow private peers", async () => {
    const turn = new TestTurn();
    const { client } = await turn.allocated();
    for (let count = 0; count < 5; count += 1) client.permit("192.168.1.7");
    turn.clock.advance(60_000);
    client.permit("192.168.1.7");
    expect(turn.events).toHaveLength(2);
    expect(turn.events[0]).toMatchObject({ event: "turn-peer-refused", reason: "private", peer: "192.168.1.7" });
    expect(turn.events[0]?.["remedy"]).toContain("turn.allow-peers");
    expect(turn.events[1]).toMatchObject({ omitted: 4 });
  });

  test("P5: of several peers one is forbidden: it is answered 403, and none is permitted", async () => {
    const { client, relay } = await new TestTurn().allocated();
    expect(outcomeOf(client.permit(peer, "10.1.1.1"))).toBe(403);
    client.send(data, peer);
    expect(relay.take()).toEqual([]);
    expect(outcomeOf(client.permit(peer, "8.8.4.4"))).toBe("success");
    client.send(data, peer);
    client.send(data, "8.8.4.4");
    expect(relay.take().map(({ address }) => address)).toEqual([peer, "8.8.4.4"]);
  });

  test("P6: a permission holds for all ports of an address", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.request(methods.createPermission, peerAddress(peer, 1));
    client.send(data, peer, 5_000);
    client.send(data, peer, 6_000);
    expect(relay.take().map(({ port }) => port)).toEqual([5_000, 6_000]);
    relay.receive(data, peer, 7_000);
    expect(client.take()).toHaveLength(1);
  });

  test("P7: it ends after 300 s, and a repetition extends it", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.permit(peer);
    turn.clock.advance(299_999);
    client.send(data, peer);
    expect(relay.take()).toHaveLength(1);
    client.permit(peer);
    turn.clock.advance(299_999);
    client.send(data, peer);
    relay.receive(data, peer, 4_000);
    expect([relay.take().length, client.take().length]).toEqual([1, 1]);
    client.refresh();
    turn.clock.advance(1);
    client.send(data, peer);
    relay.receive(data, peer, 4_000);
    expect([relay.take().length, client.take().length]).toEqual([0, 0]);
    expect(turn.counts.dropsOf("no-permission")).toBe(2);
  });

  test("P8: a datagram of an address without permission does not reach the client", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.permit(peer);
    relay.receive(data, "8.8.4.4", 4_000);
    expect(client.take()).toEqual([]);
    expect(turn.counts.dropsOf("no-permission")).toBe(1);
  });

  test("P9: beyond the bound of permissions it is answered 508, until one ends", async () => {
    const turn = new TestTurn({ limits: { turnPermissions: 64 } });
    const { client } = await turn.allocated();
    for (let last = 1; last <= 64; last += 1) expect(outcomeOf(client.permit(`8.8.8.${last}`))).toBe("success");
    expect(outcomeOf(client.permit("8.8.4.4"))).toBe(508);
    expect(outcomeOf(client.bindChannel(0x4000, "8.8.4.4"))).toBe(508);
    expect(outcomeOf(client.permit("8.8.8.64"))).toBe("success");
    expect(turn.bounds).toEqual(["limits.turn-permissions", "limits.turn-permissions"]);
    client.refresh(3_600);
    turn.clock.advance(300_000);
    expect(outcomeOf(client.permit("8.8.4.4"))).toBe("success");
  });
});

describe("P: peers that are allocations of this server", () => {
  test("P10: data for the port of an allocation is delivered, without a socket", async () => {
    const turn = new TestTurn();
    const { client: alice, relay: aliceRelay } = await turn.allocated();
    const { client: bob, relay: bobRelay } = await turn.allocated({ user: "bob" });
    expect(outcomeOf(alice.permit(relayedAddresses[4]))).toBe("success");
    expect(outcomeOf(bob.bindChannel(0x4001, relayedAddresses[4], aliceRelay.port))).toBe("success");
    alice.send(data, relayedAddresses[4], bobRelay.port);
    expect(bob.take()).toEqual([Uint8Array.of(0x40, 0x01, 0, 3, 1, 2, 3)]);
    bob.sendOnChannel(0x4001, data);
    expect(alice.take()).toHaveLength(1);
    expect([aliceRelay.take(), bobRelay.take()]).toEqual([[], []]);
    expect([turn.counts.toPeerPackets, turn.counts.toClientPackets]).toEqual([2, 2]);
  });

  test("P10: the other allocation needs a permission for this one", async () => {
    const turn = new TestTurn();
    const { client: alice } = await turn.allocated();
    const { client: bob, relay: bobRelay } = await turn.allocated({ user: "bob" });
    alice.permit(relayedAddresses[4]);
    alice.send(data, relayedAddresses[4], bobRelay.port);
    expect(bob.take()).toEqual([]);
  });

  test("P10: data for other ports of the server's addresses is dropped, also when the address is allowed with a range", async () => {
    const turn = new TestTurn({ rules: { allow } });
    const { client, relay } = await turn.allocated();
    const { client: bob, relay: bobRelay } = await turn.allocated({ user: "bob" });
    client.permit(relayedAddresses[4]);
    client.send(data, relayedAddresses[4], 6_379);
    bob.permit(relayedAddresses[4]);
    bob.refresh(0);
    client.send(data, relayedAddresses[4], bobRelay.port);
    expect(relay.take()).toEqual([]);
    expect(turn.counts.dropsOf("own-address")).toBe(2);
  });

  test("P10: datagrams from other ports of the server's addresses, such as its own answers, do not reach the client", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.permit(relayedAddresses[4]);
    relay.receive(data, relayedAddresses[4], 3_478);
    expect(client.take()).toEqual([]);
    expect(turn.counts.dropsOf("own-address")).toBe(1);
  });

  test("P10: an interface of the server is answered 403", async () => {
    const { client } = await new TestTurn({ rules: { allow } }).allocated();
    expect(outcomeOf(client.permit("10.0.0.5"))).toBe(403);
  });

  test("P11: an allocation that sends to itself gets the data once", async () => {
    const { client, relay } = await new TestTurn().allocated();
    client.permit(relay.address);
    client.send(data, relay.address, relay.port);
    expect(client.take()).toHaveLength(1);
    expect(relay.take()).toEqual([]);
  });
});

describe("H: channels", () => {
  test("H1: 0x4000 is bound, and carries data", async () => {
    const { client, relay } = await new TestTurn().allocated();
    expect(outcomeOf(client.bindChannel(0x4000, peer, 5_000))).toBe("success");
    client.sendOnChannel(0x4000, data);
    expect(relay.take()).toEqual([{ payload: data, address: peer, port: 5_000 }]);
  });

  test.each([
    [0x3fff, 400, 400],
    [0x4000, "success", "success"],
    [0x4fff, "success", "success"],
    [0x5000, "success", 400],
    [0x7ffe, "success", 400],
    [0x8000, 400, 400],
  ] as const)("H2: number %d is answered %p; with strict channels %p", async (number, usual, strict) => {
    const outcome = async (strictChannels: boolean) => {
      const { client } = await new TestTurn({ strictChannels }).allocated();
      return outcomeOf(client.bindChannel(number, peer));
    };
    expect([await outcome(false), await outcome(true)]).toEqual([usual, strict]);
  });

  test("H3: a number that another peer has is answered 400", async () => {
    const { client } = await new TestTurn().allocated();
    client.bindChannel(0x4000, peer, 5_000);
    expect(outcomeOf(client.bindChannel(0x4000, "8.8.4.4", 5_000))).toBe(400);
    expect(outcomeOf(client.bindChannel(0x4000, peer, 5_001))).toBe(400);
  });

  test("H4: a peer that has another number is answered 400", async () => {
    const { client } = await new TestTurn().allocated();
    client.bindChannel(0x4000, peer, 5_000);
    expect(outcomeOf(client.bindChannel(0x4001, peer, 5_000))).toBe(400);
    expect(outcomeOf(client.bindChannel(0x4001, peer, 5_001))).toBe("success");
  });

  test("H5: a repetition is a success, and extends the binding", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.refresh(3_600);
    client.bindChannel(0x4000, peer);
    turn.clock.advance(599_000);
    expect(outcomeOf(client.bindChannel(0x4000, peer))).toBe("success");
    turn.clock.advance(299_000);
    client.sendOnChannel(0x4000, data);
    expect(relay.take()).toHaveLength(1);
  });

  test("H6: without a number, or without a peer, it is answered 400", async () => {
    const { client } = await new TestTurn().allocated();
    const noNumber = client.request(methods.channelBind, peerAddress(peer));
    const noPeer = client.request(methods.channelBind, (writer) => writer.uint16(attributes.channelNumber, 0x4000));
    expect([outcomeOf(noNumber), outcomeOf(noPeer)]).toEqual([400, 400]);
  });

  test.each([
    ["10.1.1.1", 5_000],
    ["169.254.169.254", 5_000],
    [peer, 0],
    [peer, 53],
  ])("H7: the peer %s with port %d is answered 403", async (address, port) => {
    const { client } = await new TestTurn().allocated();
    expect(outcomeOf(client.bindChannel(0x4000, address, port))).toBe(403);
  });

  test("a peer that is refused for its port alone is logged with that reason", async () => {
    const turn = new TestTurn();
    const { client } = await turn.allocated();
    expect(outcomeOf(client.bindChannel(0x4000, peer, 53))).toBe(403);
    expect(turn.events).toMatchObject([{ event: "turn-peer-refused", reason: "port", peer }]);
  });

  test("a peer of the other address family is answered 443", async () => {
    const { client } = await new TestTurn().allocated();
    expect(outcomeOf(client.bindChannel(0x4000, "2606:4700::1"))).toBe(443);
  });

  test("H8: binding makes a permission, which ends after 300 s, before the channel", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.bindChannel(0x4000, peer, 5_000);
    turn.clock.advance(300_000);
    client.sendOnChannel(0x4000, data);
    relay.receive(data, peer, 5_000);
    expect([relay.take(), client.take()]).toEqual([[], []]);
    client.permit(peer);
    client.sendOnChannel(0x4000, data);
    relay.receive(data, peer, 5_000);
    expect(relay.take()).toHaveLength(1);
    expect(client.take()[0]?.[0]).toBe(0x40);
  });

  test("H9: after 600 s data on the channel is dropped, and the peer's data comes as an indication", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.refresh(3_600);
    client.bindChannel(0x4000, peer, 5_000);
    turn.clock.advance(600_000);
    client.permit(peer);
    client.sendOnChannel(0x4000, data);
    relay.receive(data, peer, 5_000);
    expect(relay.take()).toEqual([]);
    expect(turn.counts.dropsOf("unbound-channel")).toBe(1);
    expect(client.take()[0]?.[0]).toBe(0);
    expect(outcomeOf(client.bindChannel(0x4000, "8.8.4.4", 5_000))).toBe("success");
  });

  test("beyond the bound of channels it is answered 508, until one ends", async () => {
    const turn = new TestTurn({ limits: { turnChannels: 2 } });
    const { client } = await turn.allocated();
    client.refresh(3_600);
    client.bindChannel(0x4000, peer, 5_000);
    client.bindChannel(0x4001, peer, 5_001);
    expect(outcomeOf(client.bindChannel(0x4002, peer, 5_002))).toBe(508);
    expect(outcomeOf(client.bindChannel(0x4001, peer, 5_001))).toBe("success");
    expect(turn.bounds).toEqual(["limits.turn-channels"]);
    turn.clock.advance(600_000);
    client.refresh(3_600);
    expect(outcomeOf(client.bindChannel(0x4002, peer, 5_002))).toBe("success");
  });
});
