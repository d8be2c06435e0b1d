import { describe, expect, test } from "bun:test";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { nextTurn } from "../../../src/lib/time/next-turn.ts";
import { anonymousUser } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import type { StunMessage } from "../../../src/turn/message/stun-message.ts";
import { relayedAddresses } from "../../support/turn/fake-relay-network.ts";
import { FakeServerSocket } from "../../support/turn/fake-server-socket.ts";
import {
  newTransactionId,
  outcomeOf,
  peerAddress,
  udpTransport,
  type WriteAttributes,
} from "../../support/turn/request-writer.ts";
import { clientAddress, TestTurn } from "../../support/turn/test-turn.ts";

/** REQUESTED-TRANSPORT, and another attribute. */
const withUdp =
  (write: WriteAttributes): WriteAttributes =>
  (writer) => {
    udpTransport(writer);
    write(writer);
  };
const family = (code: number) => withUdp((writer) => writer.uint8(attributes.requestedAddressFamily, code));
const lifetime = (seconds: number) => withUdp((writer) => writer.uint32(attributes.lifetime, seconds));

const evenPort = (...value: readonly number[]) =>
  withUdp((writer) => writer.bytes(attributes.evenPort, Uint8Array.of(...value)));

function addressIn(answer: StunMessage | undefined, attribute: number): string {
  const address = answer?.addressOf(attribute);
  return address === undefined ? "none" : `${formatIpAddress(address.ip)} ${address.port}`;
}

describe("L: Allocate", () => {
  test("L1: gets a relayed address for 600 s, and is told its own address", async () => {
    const turn = new TestTurn();
    const client = turn.client({ port: 4_321 });
    const answer = await client.allocate();
    const [relay] = turn.network.sockets;
    expect(answer?.uint32Of(attributes.lifetime)).toBe(600);
    expect(addressIn(answer, attributes.xorRelayedAddress)).toBe(`${relayedAddresses[4]} ${relay?.port}`);
    expect(addressIn(answer, attributes.xorMappedAddress)).toBe(`${clientAddress} 4321`);
    expect(turn.udp.allocations).toBe(1);
    expect([turn.counts.allocations.udp, turn.counts.openedAllocations.udp]).toEqual([1, 1]);
  });

  test.each([
    [0, 600],
    [100, 600],
    [601, 601],
    [3_600, 3_600],
    [99_999, 3_600],
  ])("L2: a lifetime of %d s becomes one of %d s", async (asked, given) => {
    const turn = new TestTurn();
    const answer = await turn.client().allocate(lifetime(asked));
    expect(answer?.uint32Of(attributes.lifetime)).toBe(given);
    turn.clock.advance(given * 1_000 - 1);
    expect(turn.network.openSockets).toHaveLength(1);
    turn.clock.advance(1_001);
    expect(turn.network.openSockets).toHaveLength(0);
  });

  test("L3: a repetition is answered with the same bytes, and opens no other socket", async () => {
    const turn = new TestTurn();
    const client = turn.client();
    const request = client.signed(methods.allocate, udpTransport);
    client.deliver(request);
    await nextTurn();
    const [first] = client.take();
    turn.clock.advance(1_000);
    client.deliver(request);
    expect(client.take()).toEqual([first ?? new Uint8Array()]);
    expect(turn.network.sockets).toHaveLength(1);
  });

  test("L4: another request on the same 5-tuple is answered 437", async () => {
    const { client } = await new TestTurn().allocated();
    expect(outcomeOf(await client.allocate())).toBe(437);
  });

  test("L5: while the socket is being opened, a repetition is not answered and another request gets 437", async () => {
    const turn = new TestTurn();
    const client = turn.client();
    const request = client.signed(methods.allocate, udpTransport);
    const release = turn.network.hold();
    client.deliver(request);
    client.deliver(request);
    await nextTurn();
    expect(client.take()).toEqual([]);
    expect(outcomeOf(client.request(methods.allocate, udpTransport))).toBe(437);
    expect(outcomeOf(client.refresh())).toBe(437);
    release();
    await nextTurn();
    expect(client.take()).toHaveLength(1);
    expect(turn.network.sockets).toHaveLength(1);
    expect(turn.server.allocations).toBe(1);
  });

  test.each<readonly [string, number, WriteAttributes]>([
    ["L6: without REQUESTED-TRANSPORT", 400, () => {}],
    ["L6: for TCP", 442, (writer) => writer.uint8(attributes.requestedTransport, 6)],
    ["L7: for an unknown address family", 440, family(7)],
    ["L8: with EVEN-PORT for two ports", 508, evenPort(0x80)],
    ["L8: with an empty EVEN-PORT", 400, evenPort()],
    [
      "L8: with RESERVATION-TOKEN",
      420,
      withUdp((writer) => writer.bytes(attributes.reservationToken, new Uint8Array(8))),
    ],
    ["L8: with DONT-FRAGMENT", 420, withUdp((writer) => writer.bytes(attributes.dontFragment, new Uint8Array()))],
    ["with a LIFETIME of two bytes", 400, withUdp((writer) => writer.bytes(attributes.lifetime, new Uint8Array(2)))],
    [
      "for an additional IPv4 address",
      400,
      withUdp((writer) => writer.uint8(attributes.additionalAddressFamily, 0x01)),
    ],
    [
      "for one family, and an additional one",
      400,
      (writer) => {
        family(0x01)(writer);
        writer.uint8(attributes.additionalAddressFamily, 0x02);
      },
    ],
  ])("%s is answered %d", async (_, code, write) => {
    const turn = new TestTurn();
    expect(outcomeOf(await turn.client().allocate(write))).toBe(code);
    expect(turn.network.sockets).toEqual([]);
    expect(turn.counts.errorsOf(code as 400)).toBe(1);
  });

  test("L8: with EVEN-PORT for one port it gets an even one", async () => {
    const turn = new TestTurn();
    for (let count = 0; count < 3; count += 1) {
      expect(outcomeOf(await turn.client().allocate(evenPort(0)))).toBe("success");
      await turn.allocated();
    }
    expect(turn.network.sockets.map(({ port }) => port % 2).filter((_, index) => index % 2 === 0)).toEqual([0, 0, 0]);
  });

  test("L7: IPv6 is answered 440 without an IPv6 address, and else gets one", async () => {
    const turn = new TestTurn();
    const answer = await turn.client().allocate(family(0x02));
    expect(addressIn(answer, attributes.xorRelayedAddress)).toStartWith(`${relayedAddresses[6]} `);
    turn.network.families.delete(6);
    expect(outcomeOf(await turn.client().allocate(family(0x02)))).toBe(440);
  });

  test("an additional IPv6 address is answered with an IPv4 address, and ADDRESS-ERROR-CODE 440", async () => {
    const answer = await new TestTurn()
      .client()
      .allocate(withUdp((writer) => writer.uint8(attributes.additionalAddressFamily, 0x02)));
    expect(addressIn(answer, attributes.xorRelayedAddress)).toStartWith(relayedAddresses[4]);
    expect(answer?.bytesOf(attributes.addressErrorCode)).toEqual(Uint8Array.of(2, 0, 4, 40));
  });

  test.each([
    ["turnAllocationsPerUser", "limits.turn-allocations-per-user", 486],
    ["turnAllocationsPerAddress", "limits.turn-allocations-per-address", 486],
    ["turnAllocations", "limits.turn-allocations", 508],
  ] as const)("L9: beyond %s it is refused, until an allocation ends", async (limit, bound, code) => {
    const turn = new TestTurn({ limits: { [limit]: 2 } });
    const { client } = await turn.allocated();
    await turn.allocated();
    const third = turn.client();
    expect(outcomeOf(await third.allocate())).toBe(code);
    expect(turn.bounds).toEqual([bound]);
    client.refresh(0);
    expect(outcomeOf(await third.allocate())).toBe("success");
  });

  test("L9: a user is counted by the id behind the expiry, with all credentials", async () => {
    const turn = new TestTurn({ limits: { turnAllocationsPerUser: 1 } });
    await turn.allocated({ credential: turn.credential("alice", 600_000) });
    expect(outcomeOf(await turn.client({ credential: turn.credential("alice", 700_000) }).allocate())).toBe(486);
    expect(outcomeOf(await turn.client({ user: "bob" }).allocate())).toBe("success");
  });

  test("L9: clients without a user are counted by the addresses that TURN sees, whatever their credentials", async () => {
    const turn = new TestTurn({ limits: { turnAllocationsPerUser: 1 } });
    const outcome = async (user: string, address: string) =>
      outcomeOf(await turn.client({ user: anonymousUser(user), address }).allocate());
    // Behind a proxy that the server does not know, all of them have the proxy's address for HTTP.
    expect(await outcome("proxy", "198.51.100.7")).toBe("success");
    expect(await outcome("proxy", "198.51.100.8")).toBe("success");
    expect(await outcome("another", "198.51.100.8")).toBe(486);
    expect(await outcome("proxy", "2001:db8:1:2::1")).toBe("success");
    expect(await outcome("proxy", "2001:db8:1:2::2")).toBe(486);
  });

  test("L9: a /64 of IPv6 counts as one address, and loopback is not counted", async () => {
    const turn = new TestTurn({ limits: { turnAllocationsPerAddress: 1 } });
    const outcome = async (address: string) => outcomeOf(await turn.client({ address }).allocate());
    expect(await outcome("2001:db8:1:2::1")).toBe("success");
    expect(await outcome("2001:db8:1:2:3::1")).toBe(486);
    expect(await outcome("2001:db8:1:3::1")).toBe("success");
    expect([await outcome("127.0.0.1"), await outcome("127.0.0.1")]).toEqual(["success", "success"]);
  });

  test("L10: when all ports are used it is answered 508, and nothing stays counted", async () => {
    const turn = new TestTurn({ limits: { turnAllocationsPerUser: 2 } });
    turn.network.capacity = 1;
    const { client } = await turn.allocated();
    const second = turn.client();
    expect([outcomeOf(await second.allocate()), outcomeOf(await second.allocate())]).toEqual([508, 508]);
    expect(turn.events.map(({ event }) => event)).toEqual(["turn-relay-ports-used", "turn-relay-ports-used"]);
    client.refresh(0);
    expect(outcomeOf(await second.allocate())).toBe("success");
  });

  test("when the system gives no socket it is answered 508, and the reason is logged", async () => {
    const turn = new TestTurn();
    turn.network.error = new Error("too many open files");
    expect(outcomeOf(await turn.client().allocate())).toBe(508);
    expect(turn.server.allocations).toBe(0);
    expect(turn.events.map(({ event }) => event)).toEqual(["turn-allocation-failed"]);
  });

  test("L16: other ports, addresses and connections have allocations of their own", async () => {
    const turn = new TestTurn();
    await turn.allocated({ port: 4_000 });
    await turn.allocated({ port: 4_001 });
    await turn.allocated({ port: 4_000, address: "198.51.100.8" });
    const tcp = new FakeServerSocket("tcp");
    await turn.allocated({ port: 4_000, socket: tcp });
    expect(turn.network.openSockets).toHaveLength(4);
    expect(turn.counts.allocations).toEqual({ udp: 3, tcp: 1, tls: 0 });
    turn.server.disconnected(tcp);
    expect(turn.counts.allocations).toEqual({ udp: 3, tcp: 0, tls: 0 });
    expect(turn.network.openSockets).toHaveLength(3);
  });

  test("a client that disconnects while its socket is being opened leaves nothing", async () => {
    const turn = new TestTurn();
    const socket = new FakeServerSocket("tcp");
    const client = turn.client({ socket });
    client.challenge();
    const release = turn.network.hold();
    const answer = client.allocate();
    turn.server.disconnected(socket);
    release();
    expect(await answer).toBeUndefined();
    expect([turn.network.openSockets.length, turn.server.allocations]).toEqual([0, 0]);
  });
});

describe("L: the end of an allocation", () => {
  test.each([
    [undefined, 600],
    [1, 600],
    [99_999, 3_600],
  ])("L11: Refresh for %p s gives %d s from now", async (asked, given) => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    turn.clock.advance(500_000);
    expect(client.refresh(asked)?.uint32Of(attributes.lifetime)).toBe(given);
    turn.clock.advance(given * 1_000 - 1);
    expect(relay.isClosed).toBe(false);
    turn.clock.advance(1_001);
    expect(relay.isClosed).toBe(true);
  });

  test("L11: Refresh for 0 s ends it: the port is closed, and a later Refresh gets 437", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    expect(client.refresh(0)?.uint32Of(attributes.lifetime)).toBe(0);
    expect([relay.isClosed, turn.udp.allocations, turn.server.allocations]).toEqual([true, 0, 0]);
    expect(outcomeOf(client.refresh())).toBe(437);
    expect(outcomeOf(await client.allocate())).toBe("success");
  });

  test("Refresh for the other address family is answered 443", async () => {
    const { client } = await new TestTurn().allocated();
    const refresh = (code: number) =>
      outcomeOf(client.request(methods.refresh, (writer) => writer.uint8(attributes.requestedAddressFamily, code)));
    expect([refresh(0x02), refresh(0x07), refresh(0x01)]).toEqual([443, 443, "success"]);
  });

  test("Refresh with a LIFETIME of two bytes is answered 400", async () => {
    const { client } = await new TestTurn().allocated();
    const answer = client.request(methods.refresh, (writer) => writer.bytes(attributes.lifetime, new Uint8Array(2)));
    expect(outcomeOf(answer)).toBe(400);
  });

  test("L12: a request of another user is answered 441", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.requests.credential = turn.credential("mallory");
    expect(outcomeOf(client.refresh(0))).toBe(441);
    expect(relay.isClosed).toBe(false);
  });

  test("L13: without an allocation, Refresh, CreatePermission and ChannelBind are answered 437", () => {
    const client = new TestTurn().client();
    const outcomes = [client.refresh(), client.permit("8.8.8.8"), client.bindChannel(0x4000, "8.8.8.8")].map(outcomeOf);
    expect(outcomes).toEqual([437, 437, 437]);
  });

  test("L14: at the end of its time the socket is closed, nothing is counted any more, and no timer runs", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    await turn.allocated({ user: "bob" });
    turn.clock.advance(602_000);
    expect(relay.isClosed).toBe(true);
    expect([turn.server.allocations, turn.counts.allocations.udp, turn.clock.pendingTimers]).toEqual([0, 0, 0]);
    expect(outcomeOf(client.refresh())).toBe(438);
    expect(outcomeOf(client.refresh())).toBe(437);
  });

  test("L14: a message of the client shows the end at once, before the timer does", async () => {
    const turn = new TestTurn();
    await turn.allocated({ user: "bob" });
    turn.clock.advance(500);
    const { client, relay } = await turn.allocated();
    turn.clock.advance(600_000);
    expect(relay.isClosed).toBe(false);
    client.sendOnChannel(0x4000, new Uint8Array(1));
    expect(relay.isClosed).toBe(true);
    expect(turn.counts.dropsOf("no-allocation")).toBe(1);
  });

  test("L14: one timer serves all allocations", async () => {
    const turn = new TestTurn();
    for (let count = 0; count < 10; count += 1) await turn.allocated();
    expect(turn.clock.pendingTimers).toBe(1);
  });

  test.each([
    ["L15: Connect", 0x00a],
    ["L15: an unknown method", 0x00b],
  ])("%s is answered 400", (_, method) => {
    expect(outcomeOf(new TestTurn().client().request(method))).toBe(400);
  });
});

describe("a server that drains", () => {
  test("answers Allocate 508, and goes on with the allocations that exist", async () => {
    const turn = new TestTurn();
    const { client } = await turn.allocated();
    turn.server.drain();
    expect(outcomeOf(await turn.client().allocate())).toBe(508);
    expect(outcomeOf(client.refresh())).toBe("success");
  });

  test("ends all allocations when it closes, also those that are being made", async () => {
    const turn = new TestTurn();
    await turn.allocated();
    const client = turn.client();
    client.challenge();
    const release = turn.network.hold();
    const answer = client.allocate();
    turn.server.close();
    release();
    expect(await answer).toBeUndefined();
    expect([turn.network.openSockets.length, turn.server.allocations, turn.clock.pendingTimers]).toEqual([0, 0, 0]);
    expect(outcomeOf(await client.allocate())).toBe(508);
  });
});

test("a request of a client with allocation is checked for its transaction only when it is Allocate", async () => {
  const { client } = await new TestTurn().allocated();
  const transactionId = newTransactionId();
  for (let repetition = 0; repetition < 2; repetition += 1) {
    const answer = client.request(methods.createPermission, peerAddress("8.8.8.8"), { transactionId });
    expect(outcomeOf(answer)).toBe("success");
  }
});
