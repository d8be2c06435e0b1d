import { describe, expect, test } from "bun:test";
import { yWebrtc } from "../../../src/signaling/y-webrtc/dialect.ts";
import { Topic } from "../../../src/signaling/y-webrtc/topic.ts";
import { settled } from "../../support/eventually.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired, HeldAuthorizer, revoked } from "../../support/fakes/held-authorizer.ts";
import { type DialectOptions, dialectClients, dialectParts } from "../../support/servers/dialect-clients.ts";

function setUp(options: Pick<DialectOptions, "limits"> = {}) {
  const authorizer = new HeldAuthorizer();
  const parts = dialectParts({ ...options, authorizer });
  const { limits, openChannel, clock } = parts;
  const rooms = parts.registry(
    () => new Topic({ openChannel, memberLimit: limits.signalingRoomMembers, peerIdsPerSubscriber: 8, clock }),
  );
  const clients = dialectClients([yWebrtc({ ...parts, rooms })], parts);
  /** Connects a client that is subscribed to all of these topics. */
  const enter = async (id: string, ...topics: string[]) => {
    const client = clients.connect(id);
    await client.say(subscribe(...topics));
    const grants = [];
    for (const topic of topics) grants.push(await authorizer.grant(topic));
    return { client, grants };
  };
  /** The number of grants of these clients that have not been released. */
  const heldGrants = () => authorizer.grants.filter(({ isReleased }) => !isReleased).length;
  return { ...clients, authorizer, rooms, enter, heldGrants };
}

const subscribe = (...topics: string[]) => ({ type: "subscribe", topics });
const unsubscribe = (...topics: string[]) => ({ type: "unsubscribe", topics });
const publish = (topic: string, data: unknown) => ({ type: "publish", topic, data });
const published = (topic: string, data: unknown, clients = 2) => ({ ...publish(topic, data), clients });

test("the authorizer is asked with the token, origin and address of the client", async () => {
  const { connect, authorizer } = setUp();
  await connect("alice", { path: "/signal?token=secret", origin: "https://app.example" }).say(subscribe("a", "b"));
  await connect("bob", { headerToken: "header" }).say(subscribe("c"));
  expect(authorizer.requests).toMatchObject([
    { kind: "signaling", room: "a", remoteAddress: "192.0.2.1", token: "secret", origin: "https://app.example" },
    { room: "b", token: "secret" },
    { room: "c", token: "header", origin: undefined },
  ]);
});

describe("a topic that waits", () => {
  test("delays no other topic, no ping and no message to another topic", async () => {
    const { connect, authorizer, enter } = setUp();
    const { client: bob } = await enter("bob", "fast");
    const alice = connect("alice");
    await alice.say(subscribe("slow", "fast"));
    await authorizer.grant("fast");
    await alice.say({ type: "ping" });
    await alice.say(publish("fast", 1));
    expect(alice.received()).toEqual([{ type: "pong" }]);
    expect(bob.received()).toEqual([published("fast", 1)]);
    expect(authorizer.waiting).toEqual(["slow"]);
  });

  test("keeps the messages published to it, in order, until it is joined; afterwards none waits", async () => {
    const { connect, authorizer, enter } = setUp();
    const { client: bob } = await enter("bob", "room");
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    for (const data of [1, 2]) await alice.say(publish("room", data));
    await alice.say(subscribe("room"));
    expect(bob.received()).toEqual([]);
    await authorizer.grant("room");
    expect(bob.received()).toEqual([published("room", 1), published("room", 2)]);
    void alice.say(publish("room", 3));
    expect(bob.received()).toEqual([published("room", 3)]);
    expect(authorizer.requests).toHaveLength(2);
  });

  test("is left again when it was unsubscribed meanwhile, after the messages before that", async () => {
    const { connect, authorizer, enter, heldGrants } = setUp();
    const { client: bob } = await enter("bob", "room");
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await alice.say(publish("room", "before"));
    await alice.say(unsubscribe("room"));
    await alice.say(publish("room", "after"));
    await authorizer.grant("room");
    await bob.say(publish("room", "alone"));
    expect(bob.received()).toEqual([published("room", "before")]);
    expect([alice.received(), heldGrants()]).toEqual([[], 1]);
  });

  test("is authorized again when it is subscribed again behind that", async () => {
    const { connect, authorizer, enter, heldGrants } = setUp();
    const { client: bob } = await enter("bob", "room");
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await alice.say(unsubscribe("room"));
    await alice.say(subscribe("room"));
    await alice.say(publish("room", 1));
    await authorizer.grant("room");
    expect([bob.received(), authorizer.waiting]).toEqual([[], ["room"]]);
    await authorizer.grant("room");
    expect([bob.received(), heldGrants()]).toEqual([[published("room", 1)], 2]);
  });

  test("is not joined by a client that has disconnected, whenever the answer comes", async () => {
    const { connect, authorizer, openRooms, heldGrants } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("late", "later"));
    await alice.say(publish("late", 1));
    alice.leave();
    await authorizer.grant("late");
    await authorizer.fail("later", new Error("aborted"));
    expect([openRooms(), heldGrants()]).toEqual([0, 0]);
  });

  test("counts among the topics of its connection", async () => {
    const { connect, authorizer, met } = setUp({ limits: { topicsPerConnection: 2 } });
    const alice = connect("alice");
    await alice.say(subscribe("a", "b", "c"));
    expect([authorizer.waiting, await met("topics-per-connection")]).toEqual([["a", "b"], 1]);
    await authorizer.deny("a");
    await alice.say(subscribe("c"));
    expect(authorizer.waiting).toEqual(["b", "c"]);
    await authorizer.grant("b");
    await alice.say(subscribe("d"));
    expect(await met("topics-per-connection")).toBe(2);
  });

  test("counts among the topics of its address, until it is denied or its client has disconnected", async () => {
    const { connect, authorizer, met } = setUp({ limits: { topicsPerAddress: 2 } });
    const alice = connect("alice");
    await alice.say(subscribe("a", "b", "c"));
    expect([authorizer.waiting, await met("topics-per-address")]).toEqual([["a", "b"], 1]);
    await authorizer.deny("a");
    await alice.say(subscribe("c"));
    expect(authorizer.waiting).toEqual(["b", "c"]);
    alice.leave();
    for (const topic of ["b", "c"]) await authorizer.grant(topic);
    await connect("bob").say(subscribe("d", "e", "f"));
    expect([authorizer.waiting, await met("topics-per-address")]).toEqual([["d", "e"], 2]);
  });

  test("keeps no more than its limit: further frames wait until half of it is gone", async () => {
    const { connect, authorizer } = setUp({ limits: { pendingTopicBytes: 1_000 } });
    const alice = connect("alice");
    await alice.say(subscribe("a", "b"));
    // The messages are 1,000 bytes, overhead included.
    const data = (bytes: number, topic: string) => "x".repeat(bytes - 128 - JSON.stringify(publish(topic, "")).length);
    await alice.say(publish("a", data(600, "a")));
    await alice.say(publish("b", data(400, "b")));
    let isHeard = false;
    void alice.say(unsubscribe("a")).then(() => {
      isHeard = true;
    });
    await settled();
    expect(isHeard).toBe(false);
    await authorizer.deny("b");
    await settled();
    expect(isHeard).toBe(false);
    await authorizer.deny("a");
    await settled();
    expect(isHeard).toBe(true);
  });

  test("does not hold a client that has disconnected while its frames waited", async () => {
    const { connect, clock, authorizer } = setUp({ limits: { pendingTopicBytes: 100 } });
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    const said = alice.say(publish("room", 1));
    await authorizer.deny("room", "unavailable");
    alice.abort();
    await said;
    alice.leave();
    clock.advance(3_600_000);
    expect(authorizer.requests).toHaveLength(1);
  });
});

describe("a topic that is denied", () => {
  test("is ignored, and the others are not; it may be subscribed again later", async () => {
    const { connect, authorizer, lines, enter } = setUp();
    const { client: bob } = await enter("bob", "mine", "yours");
    const alice = connect("alice");
    await alice.say(subscribe("mine", "yours"));
    await alice.say(publish("yours", 1));
    await authorizer.grant("mine");
    await authorizer.deny("yours");
    await alice.say(publish("yours", 2));
    await alice.say(publish("mine", 3));
    expect(bob.received()).toEqual([published("mine", 3)]);
    expect(alice.received()).toEqual([]);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 20, event: "topic-refused", connection: "alice", reason: "not now" },
    ]);
    await alice.say(subscribe("yours"));
    await authorizer.grant("yours");
    await alice.say(publish("yours", 4));
    expect(bob.received()).toEqual([published("yours", 4)]);
  });

  test("leaves the client without a room, and it is closed for that", async () => {
    const { connect, authorizer, clock } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await authorizer.deny("room", "unauthorized");
    // Further attempts do not extend the minute.
    clock.advance(30_000);
    await alice.say(subscribe("room"));
    await authorizer.deny("room", "unauthorized");
    clock.advance(29_999);
    expect(alice.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(alice.connection.closeReason?.name).toBe("timeout");
  });
});

describe("while authorization is unavailable", () => {
  test("a join is retried after 1 s, doubling to 30 s, and messages wait; the connection stays open", async () => {
    const { connect, authorizer, clock, enter } = setUp();
    const { client: bob } = await enter("bob", "room");
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await alice.say(publish("room", "announce"));
    await authorizer.deny("room", "unavailable");
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      clock.advance(seconds * 1_000 - 1);
      await settled();
      expect(authorizer.waiting).toEqual([]);
      clock.advance(1);
      await settled();
      await authorizer.deny("room", "unavailable");
    }
    clock.advance(30_000);
    await settled();
    await authorizer.grant("room");
    expect(bob.received()).toEqual([published("room", "announce")]);
    clock.advance(3_600_000);
    expect([alice.connection.isOpen, authorizer.waiting]).toEqual([true, []]);
  });

  test("a denial ends the retries, and the client then has its minute without a room", async () => {
    const { connect, authorizer, clock } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await authorizer.deny("room", "unavailable");
    clock.advance(1_000);
    await settled();
    await authorizer.deny("room");
    clock.advance(59_999);
    expect([alice.connection.isOpen, authorizer.requests.length]).toEqual([true, 2]);
    clock.advance(1);
    expect(alice.connection.isOpen).toBe(false);
  });

  test.each(["before the answer", "after it"])("a topic that is unsubscribed %s is not retried", async (when) => {
    const { connect, authorizer, clock, openRooms } = setUp();
    const alice = connect("alice");
    await alice.say({ type: "ping" });
    const timers = clock.pendingTimers;
    await alice.say(subscribe("room"));
    if (when === "before the answer") await alice.say(unsubscribe("room"));
    await authorizer.deny("room", "unavailable");
    if (when === "after it") await alice.say(unsubscribe("room"));
    expect(clock.pendingTimers).toBe(timers);
    expect([authorizer.requests.length, openRooms()]).toEqual([1, 0]);
    await alice.say(subscribe("room"));
    expect(authorizer.waiting).toEqual(["room"]);
  });

  test("no join is retried for a client that has disconnected", async () => {
    const { connect, authorizer, clock } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await authorizer.deny("room", "unavailable");
    alice.leave();
    await settled();
    expect(clock.pendingTimers).toBe(0);
    expect(authorizer.requests).toHaveLength(1);
  });

  test("an authorizer that fails neither permits nor denies: the error is logged once, and the join is retried", async () => {
    const { connect, authorizer, clock, lines, enter } = setUp();
    const { client: bob } = await enter("bob", "room");
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    await authorizer.fail("room", new Error("a bug"));
    clock.advance(1_000);
    await settled();
    await authorizer.fail("room", new Error("a bug"));
    await alice.say(publish("room", 1));
    expect(bob.received()).toEqual([]);
    const errors = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
    expect(errors).toMatchObject([{ event: "authorizer-crashed", protocol: "y-webrtc", err: { message: "a bug" } }]);
    clock.advance(2_000);
    await settled();
    await authorizer.grant("room");
    expect(bob.received()).toHaveLength(1);
  });
});

test("an authorizer that fails for many clients is logged up to a rate", async () => {
  const { connect, authorizer, lines } = setUp();
  for (let count = 0; count < 30; count += 1) {
    await connect(`client ${count}`).say(subscribe(`room ${count}`));
    await authorizer.fail(`room ${count}`, new Error("a bug"));
  }
  const events = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 50);
  expect(events.map(({ event }) => event)).toEqual(Array(20).fill("authorizer-crashed"));
});

describe("a grant that ends", () => {
  test("for good ends its subscription silently, and no other; the topic may be subscribed again", async () => {
    const { connect: _, authorizer, enter, lines } = setUp();
    const { client: bob } = await enter("bob", "a", "b");
    const { client: alice, grants } = await enter("alice", "a", "b");
    grants[0]?.end(revoked);
    await bob.say(publish("a", 1));
    await bob.say(publish("b", 2));
    await alice.say(publish("a", 3));
    expect([alice.received(), bob.received()]).toEqual([[published("b", 2)], []]);
    expect(lines.map((line) => JSON.parse(line).reason)).toEqual(["not now"]);
    await alice.say(subscribe("a"));
    await authorizer.grant("a");
    await bob.say(publish("a", 4));
    expect(alice.received()).toEqual([published("a", 4)]);
  });

  test.each([
    ["expired", "grant-expired"],
    ["unavailable", "authorization-unavailable"],
    ["early", "not-yet-valid"],
  ] as const)("as %s closes the connection, since the client would never subscribe again", async (kind, name) => {
    const { connect, authorizer, enter, heldGrants } = setUp();
    const { client: alice, grants } = await enter("alice", "a", "b");
    grants[0]?.end(denialOf(kind));
    expect([alice.connection.closeReason?.name, alice.received()]).toEqual([name, []]);
    alice.leave();
    expect(heldGrants()).toBe(0);
    const bob = connect("bob");
    await bob.say(subscribe("a"));
    const ended = new FakeGrant("read");
    ended.end(denialOf(kind));
    await authorizer.grant("a", ended);
    expect(bob.connection.closeReason?.name).toBe(name);
  });

  test("before its topic is joined leaves the topic empty", async () => {
    const { connect, authorizer, openRooms, heldGrants } = setUp();
    const alice = connect("alice");
    await alice.say(subscribe("room"));
    const ended = new FakeGrant("read");
    ended.end(denialOf("unauthorized", "revoked"));
    await authorizer.grant("room", ended);
    expect([openRooms(), heldGrants()]).toEqual([0, 0]);
  });

  test("drops the messages that wait to be published", async () => {
    const { enter, clock } = setUp({ limits: { publishBurst: 1, publishesPerSecond: 1 } });
    const { client: bob } = await enter("bob", "room");
    const { client: alice, grants } = await enter("alice", "room");
    await alice.say(publish("room", 1));
    const waiting = alice.say(publish("room", 2));
    grants[0]?.end(expired);
    clock.advance(1_000);
    await waiting;
    expect(bob.received()).toEqual([published("room", 1)]);
  });
});

test("topics over the rate of authorizations wait, denied ones included, and delay nothing else", async () => {
  const { connect, authorizer, clock } = setUp({ limits: { authorizationBurst: 2, authorizationsPerSecond: 1 } });
  const alice = connect("alice");
  for (let round = 0; round < 2; round += 1) {
    await alice.say(subscribe("room"));
    await authorizer.deny("room");
  }
  await alice.say(subscribe("room"));
  await alice.say({ type: "ping" });
  expect([authorizer.requests.length, alice.received()]).toEqual([2, [{ type: "pong" }]]);
  clock.advance(1_000);
  await settled();
  expect(authorizer.waiting).toEqual(["room"]);
});

test("every grant is released, however its topic is left", async () => {
  const { connect, authorizer, enter, heldGrants, rooms } = setUp({ limits: { signalingRoomMembers: 2 } });
  const ways = ["unsubscribed", "closed", "ended"];
  const { client, grants } = await enter("alice", ...ways);
  expect(heldGrants()).toBe(3);
  await client.say(unsubscribe("unsubscribed"));
  expect(heldGrants()).toBe(2);
  grants[2]?.end(expired);
  expect(heldGrants()).toBe(1);
  client.leave();
  expect(heldGrants()).toBe(0);
  // The room is full.
  for (const id of ["bob", "carol", "dave"]) await enter(id, "full");
  expect(heldGrants()).toBe(2);
  // The room cannot be opened: that is an error of the server, and ends the session.
  await rooms.drain();
  const late = connect("late");
  await late.say(subscribe("room"));
  await authorizer.grant("room");
  expect(heldGrants()).toBe(2);
  expect([late.connection.closeReason?.name, late.connection.refusal]).toEqual(["internal-error", "internal error"]);
});
