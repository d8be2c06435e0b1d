import { describe, expect, test } from "bun:test";
import { holdbackMs } from "../../../src/signaling/y-webrtc/announcement-holdback.ts";
import { topicNodes } from "../../support/cluster/topic-nodes.ts";
import { tuple } from "../../support/tuple.ts";

const subscribe = (...topics: string[]) => ({ type: "subscribe", topics });
const unsubscribe = (...topics: string[]) => ({ type: "unsubscribe", topics });
const publish = (data: unknown) => ({ type: "publish", topic: "room", data });
const announce = (from: string) => publish({ type: "announce", from });
const signal = (from: string, to: string) => publish({ type: "signal", from, to, signal: {} });

/** A subscriber of the topic on each of the nodes, in their order. */
async function subscribers(count: number, options?: Parameters<typeof topicNodes>[1]) {
  const cluster = topicNodes(count, options);
  const clients = cluster.nodes.map(({ connect }, index) => connect(`client-${index + 1}`));
  for (const client of clients) await client.say(subscribe("room"));
  return { ...cluster, clients };
}

const three = async (options?: Parameters<typeof topicNodes>[1]) => {
  const { clients, nodes, ...rest } = await subscribers(3, options);
  return { ...rest, nodes: tuple(3, nodes), clients: tuple(3, clients) };
};

describe("a message to a topic", () => {
  test("reaches the subscribers on all nodes once, with their number", async () => {
    const { clients, nodes } = await three();
    const [alice, bob, carol] = clients;
    const dora = nodes[1].connect("dora");
    await dora.say(subscribe("room"));
    await alice.say(publish({ greeting: true }));
    const expected = [{ type: "publish", topic: "room", data: { greeting: true }, clients: 4 }];
    expect([bob, carol, dora].map((client) => client.received())).toEqual([expected, expected, expected]);
    expect(alice.received()).toEqual([]);
  });

  test("reaches nobody in another topic, or who has unsubscribed", async () => {
    const { clients, nodes } = await three();
    const [alice, bob, carol] = clients;
    const dora = nodes[1].connect("dora");
    await dora.say(subscribe("elsewhere"));
    await carol.say(unsubscribe("room"));
    await alice.say(publish(1));
    expect(bob.received()).toEqual([{ type: "publish", topic: "room", data: 1, clients: 2 }]);
    expect([carol.received(), dora.received()]).toEqual([[], []]);
  });

  test("is sent to the only user of the peer id that it is for, on whichever node", async () => {
    const { clients, clock } = await three();
    const [alice, bob, carol] = clients;
    clock.advance(holdbackMs);
    await bob.say(announce("b"));
    for (const client of clients) client.received();
    await alice.say(signal("a", "b"));
    expect([bob.received().length, carol.received().length]).toEqual([1, 0]);
    // The node of the receiver has learned where the sender is.
    await bob.say(signal("b", "a"));
    expect([alice.received().length, carol.received().length]).toEqual([1, 0]);
  });

  test("for a peer id that nobody is known to use reaches all nodes", async () => {
    const { clients } = await three();
    const [alice, bob, carol] = clients;
    await alice.say(signal("a", "unknown"));
    expect([bob.received().length, carol.received().length]).toEqual([1, 1]);
  });

  test("for a peer id whose user has left reaches all nodes", async () => {
    const { clients, clock } = await three();
    const [alice, bob, carol] = clients;
    clock.advance(holdbackMs);
    await bob.say(announce("b"));
    bob.leave();
    await carol.say(publish("later"));
    for (const client of clients) client.received();
    await alice.say(signal("a", "b"));
    expect([bob.received().length, carol.received().length]).toEqual([0, 1]);
  });

  test("keeps its place behind the messages that its sender sent before", async () => {
    const { clients } = await three();
    const [alice, bob] = clients;
    await bob.say(announce("b"));
    bob.received();
    const data = [1, { type: "signal", from: "a", to: "b", number: 2 }, 3, { from: "a", to: "b", number: 4 }, 5];
    await Promise.all(data.map((each) => alice.say(publish(each))));
    expect(bob.received().map((message) => (message as { data: unknown }).data)).toEqual(data);
  });
});

describe("announcements", () => {
  test("of two subscribers that announce themselves one after the other reach the first", async () => {
    const { clients } = await three();
    const [alice, bob] = clients;
    await alice.say(announce("a"));
    await bob.say(announce("b"));
    expect(alice.received()).toMatchObject([{ data: { from: "b" } }]);
    expect(bob.received()).toEqual([]);
  });

  test("that cross between two nodes reach one of the two subscribers", async () => {
    const { clients } = await three();
    const [alice, bob, carol] = clients;
    await Promise.all([alice.say(announce("a")), bob.say(announce("b"))]);
    expect([alice.received().length, bob.received().length]).toEqual([0, 1]);
    await carol.say(announce("c"));
    expect([alice, bob].map((client) => client.received())).toMatchObject([
      [{ data: { from: "c" } }],
      [{ data: { from: "c" } }],
    ]);
    expect(carol.received()).toEqual([]);
  });

  test("of all pairs of subscribers that join at the same moment cross to one of the two", async () => {
    const { nodes } = topicNodes(3);
    const clients = nodes.flatMap(({ connect }, node) => [1, 2].map((each) => connect(`${node}-${each}`)));
    await Promise.all(
      clients.flatMap((client, index) => [client.say(subscribe("room")), client.say(announce(`peer-${index}`))]),
    );
    const heard = clients.map((client) =>
      client.received().map((message) => Number((message as { data: { from: string } }).data.from.slice(5))),
    );
    for (const [index] of clients.entries()) {
      for (let other = 0; other < index; other += 1) {
        const calls = Number(heard[index]?.includes(other)) + Number(heard[other]?.includes(index));
        expect([index, other, calls]).toEqual([index, other, 1]);
      }
    }
  });

  test("that were sent before another node opened the topic cross nothing", async () => {
    const { nodes } = topicNodes(2);
    const [first, second] = tuple(2, nodes);
    const [alice, bob] = [first.connect("alice"), second.connect("bob")];
    await alice.say(subscribe("room"));
    const [dora] = [first.connect("dora")];
    await dora.say(subscribe("room"));
    await alice.say(announce("a"));
    await bob.say(subscribe("room"));
    await bob.say(announce("b"));
    expect(alice.received()).toMatchObject([{ data: { from: "b" } }]);
  });

  test("are delivered when the one that crossed is lost for a second", async () => {
    const { clients, network, clock } = await three();
    const [alice, bob] = clients;
    network.loseNext("node-1", "node-2");
    await alice.say(announce("a"));
    clock.advance(1_000);
    await bob.say(announce("b"));
    expect(alice.received()).toMatchObject([{ data: { from: "b" } }]);
  });
});

describe("the subscribers", () => {
  test("of all nodes count against the bound of a topic", async () => {
    const { clients, nodes } = await three({ limits: { signalingRoomMembers: 3 } });
    const late = nodes[0].connect("late");
    await late.say(subscribe("room"));
    await clients[1].say(publish(1));
    expect([late.received().length, await nodes[0].met("room-members")]).toEqual([0, 1]);
    clients[2].leave();
    await late.say(subscribe("room"));
    await clients[1].say(publish(2));
    expect(late.received()).toHaveLength(1);
  });

  test("of all nodes are paid for by the sender", async () => {
    const { clients } = await three({ limits: { fanOutDeliveries: 4 } });
    const [alice, bob] = clients;
    const third = alice.say(publish(1)).then(() => alice.say(publish(2)).then(() => alice.say(publish(3))));
    await bob.say({ type: "ping" });
    expect(bob.received().filter((message) => (message as { type: string }).type === "publish")).toHaveLength(2);
    alice.leave();
    await third.catch(() => {});
  });

  test("of a node that is lost are gone, and are back when it is", async () => {
    const { clients, network } = await three();
    const [alice, bob, carol] = clients;
    network.cut("node-2");
    await network.settled();
    await alice.say(publish(1));
    expect([bob.received(), carol.received()]).toMatchObject([[], [{ clients: 2 }]]);
    network.heal("node-2");
    await network.settled();
    await alice.say(publish(2));
    expect([bob.received(), carol.received()]).toMatchObject([[{ clients: 3 }], [{ clients: 3 }]]);
  });

  test("of one node reach each other while it is cut off", async () => {
    const { nodes, clients, network } = await three();
    const dora = nodes[1].connect("dora");
    await dora.say(subscribe("room"));
    network.cut("node-2");
    await network.settled();
    await dora.say(publish(1));
    expect(clients[1].received()).toMatchObject([{ clients: 2 }]);
  });

  test("are right again after messages were lost", async () => {
    const { nodes, clients, network } = await three();
    const [alice, bob] = clients;
    const dora = nodes[1].connect("dora");
    network.loseNext("node-2", "node-1");
    await dora.say(subscribe("room"));
    await bob.say(publish(1));
    alice.received();
    await alice.say(publish(2));
    expect(dora.received().at(-1)).toMatchObject({ data: 2, clients: 4 });
  });

  test("are known to a node whose question was lost", async () => {
    const { nodes, network, clock } = topicNodes(2);
    const [first, second] = tuple(2, nodes);
    const [alice, bob] = [first.connect("alice"), second.connect("bob")];
    await alice.say(subscribe("room"));
    network.loseNext("node-2", "node-1");
    await bob.say(subscribe("room"));
    await network.settled();
    clock.advance(1_000);
    await bob.say(publish(1));
    await alice.say(publish(2));
    expect(bob.received()).toMatchObject([{ data: 2, clients: 2 }]);
  });
});

test("a topic without subscribers is forgotten by the other nodes", async () => {
  const { nodes, clients, network } = await three();
  const [alice, bob] = clients;
  bob.leave();
  expect(nodes[1].openRooms()).toBe(0);
  await network.settled();
  await alice.say(publish(1));
  expect(clients[2].received()).toMatchObject([{ clients: 2 }]);
});
