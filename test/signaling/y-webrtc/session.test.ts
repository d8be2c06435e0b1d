import { describe, expect, test } from "bun:test";
import type { AccessRequest, Denial, Grant } from "../../../src/auth/authorizer.ts";
import { holdbackMs } from "../../../src/signaling/y-webrtc/announcement-holdback.ts";
import { yWebrtc } from "../../../src/signaling/y-webrtc/dialect.ts";
import { Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { asAdministrator } from "../../support/clients/http-callers.ts";
import { settled } from "../../support/eventually.ts";
import { authorizerThat } from "../../support/fakes/fake-authorizer.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { type DialectOptions, dialectClients, dialectParts } from "../../support/servers/dialect-clients.ts";

const granted: Grant = new FakeGrant();
const denied: Denial = { granted: false, kind: "forbidden", code: "wrong-room", reason: "not yours" };

function setUp(options: DialectOptions = {}) {
  const parts = dialectParts(options);
  const { limits, openChannel, clock } = parts;
  const rooms = parts.registry(
    () => new Topic({ openChannel, memberLimit: limits.signalingRoomMembers, peerIdsPerSubscriber: 8, clock }),
  );
  return dialectClients([yWebrtc({ ...parts, rooms })], parts);
}

const subscribe = (...topics: string[]) => ({ type: "subscribe", topics });
const unsubscribe = (...topics: string[]) => ({ type: "unsubscribe", topics });
const publish = (topic: string, data: unknown) => ({ type: "publish", topic, data });

describe("a topic", () => {
  test("a published message reaches the other subscribers, with their number", async () => {
    const { connect } = setUp();
    const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
    for (const client of [alice, bob, carol]) await client.say(subscribe("room"));
    await alice.say(publish("room", { type: "greeting", from: "a" }));
    const expected = [{ type: "publish", topic: "room", data: { type: "greeting", from: "a" }, clients: 3 }];
    expect(bob.received()).toEqual(expected);
    expect(carol.received()).toEqual(expected);
    expect(alice.received()).toEqual([]);
  });

  test("a message does not reach other topics", async () => {
    const { connect } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("red", "__proto__"));
    await bob.say(subscribe("blue", "constructor"));
    await alice.say(publish("red", 1));
    await alice.say(publish("__proto__", 1));
    expect(bob.received()).toEqual([]);
  });

  test("a repeated subscription counts once", async () => {
    const { connect } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("room", "room"));
    await alice.say(subscribe("room"));
    await bob.say(subscribe("room"));
    await bob.say(publish("room", 1));
    expect(alice.received()).toEqual([{ type: "publish", topic: "room", data: 1, clients: 2 }]);
  });

  test("publishing needs a subscription", async () => {
    const { connect } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("room"));
    await bob.say(publish("room", 1));
    await bob.say(publish("nowhere", 1));
    await bob.say(publish("", 1));
    expect(alice.received()).toEqual([]);
  });

  test("a client that has unsubscribed does not receive, count or publish, and the last one closes the room", async () => {
    const { connect, openRooms } = setUp();
    const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
    for (const client of [alice, bob, carol]) await client.say(subscribe("room"));
    await carol.say(unsubscribe("room", "unknown"));
    await alice.say(publish("room", 1));
    await carol.say(publish("room", 2));
    expect(bob.received()).toEqual([{ type: "publish", topic: "room", data: 1, clients: 2 }]);
    expect(carol.received()).toEqual([]);
    await alice.say(unsubscribe("room"));
    expect(openRooms()).toBe(1);
    await bob.say(unsubscribe("room"));
    expect(openRooms()).toBe(0);
  });

  test("a closed connection leaves every room", async () => {
    const { connect, openRooms } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("red", "blue"));
    await bob.say(subscribe("red"));
    alice.leave();
    expect(openRooms()).toBe(1);
    await bob.say(publish("red", 1));
    bob.leave();
    expect(openRooms()).toBe(0);
  });
});

describe("a message", () => {
  test("a ping is answered at once", () => {
    const { connect } = setUp();
    const alice = connect("alice");
    void alice.say({ type: "ping" });
    expect(alice.received()).toEqual([{ type: "pong" }]);
  });

  test("a message of an unknown type is ignored", async () => {
    const { connect } = setUp();
    const alice = connect("alice");
    await alice.say({ type: "bump", topics: 5 });
    expect(alice.received()).toEqual([]);
  });

  test("a malformed frame throws a SessionError, and does not close the connection itself", async () => {
    const { connect } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    expect(alice.send("garbage")).rejects.toThrow(SessionError);
    expect(alice.connection.isOpen).toBe(true);
  });
});

describe("a refused topic", () => {
  test.each(["", "x".repeat(257), "é".repeat(129), "a\nb"])(
    "the topic %j is refused, the others of its frame are not",
    async (name) => {
      const { connect, openRooms, lines } = setUp();
      const [alice, bob] = [connect("alice"), connect("bob")];
      for (const client of [alice, bob]) await client.say(subscribe(name, "room"));
      await alice.say(publish(name, 1));
      await alice.say(publish("room", 2));
      expect(bob.received()).toEqual([{ type: "publish", topic: "room", data: 2, clients: 2 }]);
      expect(openRooms()).toBe(1);
      expect(lines).toHaveLength(2);
    },
  );

  test("a refusal is logged with its reason and without the topic, which is a secret", async () => {
    const { connect, lines } = setUp({ authorizer: authorizerThat(async () => denied) });
    await connect("alice").say(subscribe("secret"));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 20, event: "topic-refused", connection: "alice", reason: "not yours" },
    ]);
  });

  test("a full room takes no other member until one leaves", async () => {
    const { connect, lines } = setUp({ limits: { signalingRoomMembers: 2 } });
    const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
    for (const client of [alice, bob, carol]) await client.say(subscribe("room"));
    await alice.say(publish("room", 1));
    await carol.say(publish("room", 2));
    expect(bob.received()).toHaveLength(1);
    expect(carol.received()).toEqual([]);
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual(["the room is full"]);
    bob.leave();
    await carol.say(subscribe("room"));
    await alice.say(publish("room", 3));
    expect(carol.received()).toEqual([{ type: "publish", topic: "room", data: 3, clients: 2 }]);
  });

  test("a connection has no more topics than its limit, until it unsubscribes from one", async () => {
    const { connect, openRooms, lines } = setUp({ limits: { topicsPerConnection: 2 } });
    const alice = connect("alice");
    await alice.say(subscribe("a", "b", "c"));
    await alice.say(subscribe("b", "d"));
    expect(openRooms()).toBe(2);
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual(Array(2).fill("the connection has too many topics"));
    await alice.say(unsubscribe("a"));
    await alice.say(subscribe("d"));
    const bob = connect("bob");
    await bob.say(subscribe("d"));
    await bob.say(publish("d", 1));
    expect(alice.received()).toHaveLength(1);
  });
});

test("the connections of one address have no more topics than their limit together", async () => {
  const { connect, openRooms, lines } = setUp({ limits: { topicsPerAddress: 3 } });
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(subscribe("a", "b"));
  await bob.say(subscribe("a", "c"));
  expect(openRooms()).toBe(2);
  expect(lines.map((line) => JSON.parse(line).reason)).toEqual(["the address has too many topics"]);
  await connect("carol", { address: "192.0.2.9" }).say(subscribe("c"));
  await alice.say(unsubscribe("b"));
  await bob.say(subscribe("d", "e"));
  expect(openRooms()).toBe(3);
  alice.leave();
  bob.leave();
  await connect("dora").say(subscribe("1", "2", "3", "4"));
  expect(lines).toHaveLength(3);
});

describe("authorization", () => {
  test("a topic is authorized by its name and address, until the client has disconnected", async () => {
    const requests: AccessRequest[] = [];
    const authorizer = authorizerThat(async (request) => {
      requests.push(request);
      return request.room === "mine" ? granted : denied;
    });
    const { connect } = setUp({ authorizer });
    const [alice, bob] = [connect("alice"), connect("bob")];
    for (const client of [alice, bob]) await client.say(subscribe("mine", "yours", "mine"));
    await alice.say(publish("yours", 1));
    await alice.say(publish("mine", 2));
    expect(bob.received()).toEqual([{ type: "publish", topic: "mine", data: 2, clients: 2 }]);
    expect(requests.slice(0, 2)).toMatchObject([
      { kind: "signaling", room: "mine", remoteAddress: "192.0.2.1" },
      { kind: "signaling", room: "yours", remoteAddress: "192.0.2.1" },
    ]);
    expect(requests).toHaveLength(4);
    alice.leave();
    expect(requests.map(({ signal }) => signal.aborted)).toEqual([true, true, false, false]);
  });

  test("a subscribed topic is not authorized again", async () => {
    let requests = 0;
    const authorizer = authorizerThat(async () => {
      requests += 1;
      return granted;
    });
    const alice = setUp({ authorizer }).connect("alice");
    await alice.say(subscribe("room"));
    await alice.say(subscribe("room"));
    expect(requests).toBe(1);
  });

  test("a topic that is being joined while the connection closes is left again", async () => {
    const decision = Promise.withResolvers<Grant>();
    const { connect, openRooms } = setUp({ authorizer: authorizerThat(() => decision.promise) });
    const alice = connect("alice");
    const said = alice.say(subscribe("room"));
    alice.connection.disconnect();
    decision.resolve(granted);
    await said;
    alice.leave();
    expect(openRooms()).toBe(0);
  });
});

describe("an announcement", () => {
  test("when two clients join and announce themselves at the same time, one receives the other's announcement", async () => {
    const { connect, clock } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    for (const client of [alice, bob]) await client.say(subscribe("room"));
    await alice.say(publish("room", { type: "announce", from: "a" }));
    await bob.say(publish("room", { type: "announce", from: "b" }));
    clock.advance(holdbackMs);
    const announced = { type: "publish", topic: "room", data: { type: "announce", from: "b" }, clients: 2 };
    expect([alice.received(), bob.received()]).toEqual([[announced], []]);
  });

  test.each([
    ["encrypted", "YW5ub3VuY2U="],
    ["for one peer", { type: "announce", from: "a", to: "b" }],
    ["without a sender", { type: "announce" }],
    ["something else", { type: "signal", from: "a" }],
  ])("a message that is %s reaches new subscribers at once", async (_, data) => {
    const { connect } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    for (const client of [alice, bob]) await client.say(subscribe("room"));
    await alice.say(publish("room", data));
    expect(bob.received()).toMatchObject([{ data }]);
  });
});

describe("an addressed message", () => {
  test("a message that names its receiver reaches only the connection that uses that peer id", async () => {
    const { connect, clock } = setUp();
    const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
    for (const client of [alice, bob, carol]) await client.say(subscribe("room", "other room"));
    clock.advance(holdbackMs);
    await bob.say(publish("room", { type: "announce", from: "b" }));
    await carol.say(publish("room", { type: "announce", from: "c" }));
    for (const client of [alice, bob, carol]) client.received();
    const signal = { type: "signal", from: "a", to: "b", token: 1, signal: { type: "offer", sdp: "v=0" } };
    await alice.say(publish("room", signal));
    expect(bob.received()).toEqual([{ type: "publish", topic: "room", data: signal, clients: 3 }]);
    expect(carol.received()).toEqual([]);
    // The peer id is known in the topic in which it was used, and nowhere else.
    await alice.say(publish("other room", signal));
    expect([bob.received().length, carol.received().length]).toEqual([1, 1]);
    await bob.say(publish("room", { ...signal, from: "b", to: "a" }));
    expect([alice.received().length, carol.received().length]).toEqual([1, 0]);
    await bob.say(publish("room", { ...signal, from: "b", to: "b" }));
    expect([alice, bob, carol].map((client) => client.received().length)).toEqual([0, 0, 0]);
  });

  test.each([
    ["unknown", { from: "a", to: "nobody" }],
    ["used by two", { from: "a", to: "shared" }],
    ["that of a subscriber that has left", { from: "a", to: "left" }],
    ["too long to be kept", { from: "a", to: "x".repeat(257) }],
    ["encrypted", "AAECAw=="],
  ])("a message to a receiver that is %s is published", async (_, data) => {
    const { connect } = setUp();
    const [alice, bob, carol, dave] = [connect("alice"), connect("bob"), connect("carol"), connect("dave")];
    for (const client of [alice, bob, carol, dave]) await client.say(subscribe("room"));
    for (const client of [bob, carol]) await client.say(publish("room", { type: "announce", from: "shared" }));
    await bob.say(publish("room", { type: "announce", from: "x".repeat(257) }));
    await dave.say(publish("room", { type: "announce", from: "left" }));
    dave.leave();
    for (const client of [alice, bob, carol]) client.received();
    await alice.say(publish("room", data));
    expect([bob, carol].map((client) => client.received().length)).toEqual([1, 1]);
  });

  test("a subscriber that uses another's peer id takes no message from it", async () => {
    const { connect } = setUp();
    const [alice, bob, mallory] = [connect("alice"), connect("bob"), connect("mallory")];
    for (const client of [alice, bob, mallory]) await client.say(subscribe("room"));
    await bob.say(publish("room", { type: "announce", from: "b" }));
    await mallory.say(publish("room", { type: "announce", from: "b" }));
    bob.received();
    await alice.say(publish("room", { type: "signal", from: "a", to: "b" }));
    expect(bob.received()).toHaveLength(1);
  });

  test("a peer that reconnects receives its messages, also while its old socket still seems alive", async () => {
    const { connect } = setUp();
    const [alice, old, bob] = [connect("alice"), connect("old"), connect("bob")];
    for (const client of [alice, old, bob]) await client.say(subscribe("room"));
    await old.say(publish("room", { type: "announce", from: "o" }));
    const resumed = connect("resumed");
    await resumed.say(subscribe("room"));
    await resumed.say(publish("room", { type: "announce", from: "o" }));
    await alice.say(publish("room", { type: "signal", from: "a", to: "o" }));
    expect(resumed.received()).toHaveLength(1);
    old.leave();
    bob.received();
    await alice.say(publish("room", { type: "signal", from: "a", to: "o" }));
    expect(resumed.received()).toHaveLength(1);
    expect(bob.received()).toEqual([]);
  });

  test("a join into a room of 30 with 6 candidates each costs at most 500 deliveries", async () => {
    const { connect } = setUp();
    const members = Array.from({ length: 30 }, (_, index) => connect(`member ${index}`));
    const peerIdOf = (client: unknown) => `peer ${members.indexOf(client as (typeof members)[number])}`;
    for (const client of members) {
      await client.say(subscribe("room"));
      await client.say(publish("room", { type: "announce", from: peerIdOf(client) }));
    }
    for (const client of members) client.received();
    const joiner = connect("joiner");
    await joiner.say(subscribe("room"));
    await joiner.say(publish("room", { type: "announce", from: "joiner" }));
    for (const client of members) {
      const [there, back] = [
        { from: peerIdOf(client), to: "joiner" },
        { from: "joiner", to: peerIdOf(client) },
      ];
      await client.say(publish("room", { type: "signal", ...there, signal: { type: "offer", sdp: "v=0" } }));
      await joiner.say(publish("room", { type: "signal", ...back, signal: { type: "answer", sdp: "v=0" } }));
      for (let candidate = 0; candidate < 6; candidate += 1) {
        const signal = { type: "candidate", candidate: { candidate: `${candidate}`, sdpMLineIndex: 0, sdpMid: "0" } };
        await client.say(publish("room", { type: "signal", ...there, signal }));
        await joiner.say(publish("room", { type: "signal", ...back, signal }));
      }
    }
    const counts = [...members, joiner].map((client) => client.received().length);
    // The announcement, an answer and 6 candidates from the joiner to each member, and as much back from each.
    expect(counts).toEqual([...Array(30).fill(8), 210]);
    expect(counts.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(500);
  });
});

describe("a bound", () => {
  test("a message over the burst waits, and is not lost", async () => {
    const { connect, clock, met } = setUp({ limits: { publishBurst: 3, publishesPerSecond: 10 } });
    const [alice, bob] = [connect("alice"), connect("bob")];
    for (const client of [alice, bob]) await client.say(subscribe("room"));
    for (const data of [1, 2, 3]) await alice.say(publish("room", data));
    const waiting = alice.say(publish("room", 4));
    clock.advance(99);
    await settled();
    expect(bob.received()).toHaveLength(3);
    clock.advance(1);
    await waiting;
    expect(bob.received()).toEqual([{ type: "publish", topic: "room", data: 4, clients: 2 }]);
    expect(await met("publish-rate")).toBe(1);
  });

  test("an addressed message costs one delivery of the budget, another one for each receiver", async () => {
    const { connect, met } = setUp({ limits: { fanOutDeliveries: 10 } });
    const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
    for (const client of [alice, bob, carol]) await client.say(subscribe("room"));
    await bob.say(publish("room", { from: "b" }));
    for (let count = 0; count < 10; count += 1) await alice.say(publish("room", { from: "a", to: "b" }));
    expect(await met("fan-out")).toBe(0);
    void alice.say(publish("room", { from: "a", to: "b" }));
    for (let count = 0; count < 4; count += 1) await bob.say(publish("room", { from: "b" }));
    expect(await met("fan-out")).toBe(1);
    void bob.say(publish("room", { from: "b" }));
    expect(await met("fan-out")).toBe(2);
  });

  test("a refusal is counted under its bound", async () => {
    const limits = { signalingRoomMembers: 1, topicsPerConnection: 2, topicsPerFrame: 2, jsonDepth: 4, nameBytes: 5 };
    const { connect, met } = setUp({ limits });
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("12345", "red"));
    await alice.say({ type: "bump", deep: [[[]]] });
    for (const bound of ["name", "room-members", "topics-per-connection", "topics-per-frame", "json-depth"] as const) {
      expect(await met(bound)).toBe(0);
    }
    await alice.say(subscribe("123456"));
    await alice.say(subscribe("blue"));
    await bob.say(subscribe("red"));
    await bob.say(subscribe("a", "b", "c")).catch(() => {});
    await bob.say({ type: "bump", deep: [[[[]]]] }).catch(() => {});
    for (const bound of ["name", "room-members", "topics-per-connection", "topics-per-frame", "json-depth"] as const) {
      expect([bound, await met(bound)]).toEqual([bound, 1]);
    }
  });
});

describe("HTTP", () => {
  test("GET /signal answers as y-webrtc's server does", async () => {
    const response = await setUp().protocol.routes?.request("/signal");
    expect(response?.status).toBe(200);
    expect(await response?.text()).toBe("okay");
  });

  test("GET /api/signaling/status shows counts once per second, and to administrators the topics", async () => {
    const { clock, connect, protocol } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await alice.say(subscribe("red", "blue"));
    await bob.say(subscribe("red"));
    const status = async (headers = {}) =>
      (await protocol.routes?.request("/api/signaling/status", { headers }))?.json();
    expect(await status()).toEqual({ status: "ok", connections: 2, topics: 2, topic_sizes: {} });
    await bob.say(subscribe("__proto__"));
    clock.advance(999);
    expect(await status()).toEqual({ status: "ok", connections: 2, topics: 2, topic_sizes: {} });
    clock.advance(1);
    const known = JSON.parse('{"red":2,"blue":1,"__proto__":1}');
    expect(await status(asAdministrator)).toEqual({ status: "ok", connections: 2, topics: 3, topic_sizes: known });
    await bob.say(unsubscribe("__proto__"));
    alice.leave();
    clock.advance(1_000);
    expect(await status()).toEqual({ status: "ok", connections: 1, topics: 1, topic_sizes: {} });
  });
});
