import { describe, expect, test } from "bun:test";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { peerNodes } from "../../support/cluster/peer-nodes.ts";
import { type PeerWire, peerWires } from "../../support/cluster/peer-wires.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient } from "../../support/servers/dialect-clients.ts";
import { tuple } from "../../support/tuple.ts";

describe.each(peerWires)("$name", (wire) => {
  // Where an id is unique in all rooms, its holder may be any client that has to answer a ping.
  const questionMs = wire.isUniqueInAllRooms === true ? 4_000 : 1_000;
  const inUse = wire.error("Peer id in use");

  /** Three nodes, and on each of them a peer that is in the room and answers pings: a, b and c. */
  const setUp = async (limits: Parameters<typeof peerNodes>[1]["limits"] = {}) => {
    const { nodes: list, ...cluster } = peerNodes(3, { ...wire, limits });
    const nodes = tuple(3, list);
    const enter = async (node: (typeof nodes)[number], id: string): Promise<DialectClient> => {
      const client = node.connect(`${id} of ${node.node}`);
      client.connection.answersPings = true;
      await client.say(wire.join(id));
      return client;
    };
    const clients = [await enter(nodes[0], "a"), await enter(nodes[1], "b"), await enter(nodes[2], "c")] as const;
    const clear = () => {
      for (const client of clients) client.received();
    };
    clear();
    return { ...cluster, nodes, clients, enter, clear };
  };

  test("a newcomer receives the list of the peers on all nodes, and they are told of it once", async () => {
    const { nodes, clients, enter } = await setUp();
    const dora = await enter(nodes[0], "d");
    expect(dora.received()).toEqual([wire.list(["a", "b", "c"], "d")]);
    for (const client of clients) expect(client.received()).toEqual([wire.joined("d")]);
  });

  test("the peers of a room that another node opens are in the list of its first peer", async () => {
    const { nodes, start } = peerNodes(1, wire);
    const [first] = tuple(1, nodes);
    for (const id of ["a", "b"]) await first.connect(id).say(wire.join(id));
    const late = start("late").connect("c");
    await late.say(wire.join("c"));
    expect(late.received()).toEqual([wire.list(["a", "b"], "c")]);
  });

  test("the others are told once of a peer that leaves", async () => {
    const { clients, network } = await setUp();
    const [alice, bob, carol] = clients;
    bob.leave();
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[wire.left("b")], [wire.left("b")]]);
  });

  if (wire.signal !== undefined) {
    const { signal } = wire;
    test("a message reaches its receiver alone, on whichever node", async () => {
      const { clients } = await setUp();
      const [alice, bob, carol] = clients;
      const [said, received] = signal("a", "b", "{}");
      await alice.say(said);
      expect([alice.received(), bob.received(), carol.received()]).toEqual([[], [received], []]);
      await alice.say(signal("a", "nobody", "{}")[0]);
      expect([bob.received(), carol.received()]).toEqual([[], []]);
    });
  }

  if (wire.broadcast !== undefined) {
    const { broadcast } = wire;
    test("a message for the room reaches the peers on all nodes once", async () => {
      const { clients } = await setUp();
      const [alice, bob, carol] = clients;
      const [said, received] = broadcast("a", "hello");
      await alice.say(said);
      const echo = wire.name === "octatecode-peers" ? [received] : [];
      expect([alice.received(), bob.received(), carol.received()]).toEqual([echo, [received], [received]]);
    });
  }

  test("the messages of a sender arrive in the order in which they were sent", async () => {
    const { clients, nodes, enter } = await setUp();
    const [, bob] = clients;
    const kinds = [wire.signal, wire.broadcast].flatMap((kind) => kind ?? []);
    const say = (index: number) => {
      const kind = kinds[index % kinds.length];
      if (kind === undefined) throw new Error("a dialect has messages");
      return wire.signal === kind ? wire.signal("d", "b", String(index)) : kind("d", String(index), String(index));
    };
    const messages = Array.from({ length: 20 }, (_, index) => say(index));
    const dora = await enter(nodes[0], "d");
    bob.received();
    await Promise.all(messages.map(([said]) => dora.say(said)));
    dora.leave();
    await settled();
    expect(bob.received()).toEqual([...messages.map(([, received]) => received), wire.left("d")]);
  });

  test("the id of a live peer on another node is in use", async () => {
    const { nodes, clients, enter } = await setUp();
    const thief = await enter(nodes[0], "b");
    expect(thief.received()).toEqual([inUse]);
    expect(clients.map((client) => client.received())).toEqual([[], [], []]);
    expect(clients[1].connection.isOpen).toBe(true);
  });

  test("the id of a peer on another node that answers no ping is taken over, and the room told once", async () => {
    const { nodes, clients, clock, network } = await setUp();
    const [alice, bob, carol] = clients;
    bob.connection.answersPings = false;
    const resumed = nodes[0].connect("resumed");
    const joining = resumed.say(wire.join("b"));
    await settled();
    clock.advance(3_000);
    await joining;
    expect(resumed.received()).toEqual([wire.list(["a", "c"], "b")]);
    expect(bob.connection.closeReason).toBe(closeReasons.replaced);
    bob.leave();
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[wire.joined("b")], [wire.joined("b")]]);
    const [said, received] = (wire.signal ?? wire.broadcast)?.("c", "b", "x") ?? [];
    await carol.say(said);
    expect(resumed.received()).toHaveLength(received === undefined ? 0 : 1);
  });

  test("one of several clients that claim an id on all nodes at the same moment gets it", async () => {
    const { nodes, clients, network } = await setUp();
    const claimants = nodes.map(({ connect, node }) => connect(`claimant on ${node}`));
    for (const { connection } of claimants) connection.answersPings = true;
    await Promise.all(claimants.map((client) => client.say(wire.join("x"))));
    const answers = claimants.flatMap((client) => client.received());
    expect(answers.filter((answer) => Bun.deepEquals(answer, inUse))).toHaveLength(2);
    const lists = answers.flatMap((answer) =>
      [wire.read(answer).listed?.toSorted()].filter((list) => list !== undefined),
    );
    expect(lists).toEqual([["a", "b", "c"]]);
    await network.settled();
    for (const client of clients) expect(client.received()).toEqual([wire.joined("x")]);
  });

  test("the members of all nodes count against the bound of a room", async () => {
    const { nodes, enter } = await setUp({ signalingRoomMembers: 3 });
    const late = await enter(nodes[1], "d");
    expect(late.received()).toEqual([wire.error(wire.roomFull)]);
  });

  test("the peers of a node that is lost leave, and those of a node that is back join", async () => {
    const { clients, network } = await setUp();
    const [alice, bob, carol] = clients;
    network.cut("node-2");
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[wire.left("b")], [wire.left("b")]]);
    expect(bob.received()).toEqual([wire.left("a"), wire.left("c")]);
    network.heal("node-2");
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[wire.joined("b")], [wire.joined("b")]]);
    expect(bob.received()).toEqual([wire.joined("a"), wire.joined("c")]);
  });

  test("the peers of a node that ends leave once", async () => {
    const { clients, network } = await setUp();
    network.kill("node-2");
    await network.settled();
    expect([clients[0], clients[2]].map((client) => client.received())).toEqual([[wire.left("b")], [wire.left("b")]]);
  });

  test("two peers that got one id while their nodes were cut off from each other become one", async () => {
    const { nodes, clients, enter, network, clear, clock } = await setUp();
    const [alice, bob, carol] = clients;
    network.cut("node-2");
    await network.settled();
    clock.advance(1);
    const second = await enter(nodes[0], "b");
    clear();
    network.heal("node-2");
    await network.settled();
    expect([bob.connection.closeReason, second.connection.isOpen]).toEqual([closeReasons.replaced, true]);
    bob.leave();
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[], []]);
  });

  test("a join and a leave that were lost on the way are told when that is noticed", async () => {
    const { nodes, clients, enter, network, clock } = await setUp();
    const [alice, bob] = clients;
    // The claim and the join.
    network.loseNext("node-2", "node-1", 2);
    const joining = enter(nodes[1], "d");
    await settled();
    clock.advance(questionMs);
    await joining;
    await network.settled();
    expect(alice.received()).toEqual([wire.joined("d")]);
    network.loseNext("node-2", "node-1");
    bob.leave();
    await network.settled();
    expect(alice.received()).toEqual([wire.left("b")]);
  });

  test("a peer joins when a node does not answer", async () => {
    const { nodes, network, clock } = await setUp();
    network.hold("node-3");
    const dora = nodes[0].connect("d");
    const joining = dora.say(wire.join("d"));
    await settled();
    expect(dora.received()).toEqual([]);
    clock.advance(questionMs);
    await joining;
    expect(dora.received()).toEqual([wire.list(["a", "b", "c"], "d")]);
    network.release("node-3");
  });
});

describe("a Cliffy peer", () => {
  const [wire] = peerWires.filter(({ name }) => name === "cliffy") as [PeerWire];

  const setUp = async () => {
    const { nodes: list, ...cluster } = peerNodes(2, wire);
    const nodes = tuple(2, list);
    const [alice, bob] = [nodes[0].connect("alice"), nodes[1].connect("bob")];
    for (const { connection } of [alice, bob]) connection.answersPings = true;
    await alice.say(wire.join("a", "red"));
    await bob.say(wire.join("b", "red"));
    for (const client of [alice, bob]) client.received();
    return { ...cluster, nodes, alice, bob };
  };

  test("keeps its id in all rooms of all nodes", async () => {
    const { nodes } = await setUp();
    const thief = nodes[0].connect("thief");
    await thief.say(wire.join("b", "blue"));
    expect(thief.received()).toEqual([wire.error("Peer id in use")]);
  });

  test("that takes its time to answer a ping keeps its id, also in a room that the other node has not open", async () => {
    const { nodes, bob, clock } = await setUp();
    bob.connection.answersPings = false;
    const thief = nodes[0].connect("thief");
    const joining = thief.say(wire.join("b", "blue"));
    await settled();
    clock.advance(2_500);
    bob.connection.pong();
    await joining;
    expect(thief.received()).toEqual([wire.error("Peer id in use")]);
  });

  test("that is dead leaves its room when its id is taken over on another node, in another room", async () => {
    const { nodes, alice, bob, clock, network } = await setUp();
    bob.connection.answersPings = false;
    const resumed = nodes[0].connect("resumed");
    const joining = resumed.say(wire.join("b", "blue"));
    await settled();
    clock.advance(3_000);
    await joining;
    expect(resumed.received()).toMatchObject([{ type: "peers", peers: [] }]);
    await network.settled();
    expect(bob.connection.closeReason).toBe(closeReasons.replaced);
    bob.leave();
    await network.settled();
    expect(alice.received()).toEqual([wire.left("b", "red")]);
  });
});
