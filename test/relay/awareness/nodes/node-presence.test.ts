import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../../src/composition/settings/limits.ts";
import { encodePresence, type NodeEntry } from "../../../../src/relay/awareness/nodes/presence-codec.ts";
import { PresenceNodes } from "../../../../src/relay/awareness/nodes/presence-nodes.ts";
import { awarenessRoom } from "../../../support/awareness-room.ts";
import { BusNetwork } from "../../../support/cluster/bus-network.ts";
import { bytes, RecordedSubject } from "../../../support/cluster/recorded-bus.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";

const name = "document";

/** Nodes that each have the same room. `pass` lets time pass, and all messages arrive. */
async function cluster(limits = defaultLimits) {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const join = (node: string) => {
    const bus = network.join(node);
    const nodes = new PresenceNodes(bus, clock);
    const published: string[] = [];
    const port = nodes.of(name);
    const counted = {
      ...port,
      publish: (message: Parameters<typeof port.publish>[0]) => {
        published.push(message.type);
        port.publish(message);
      },
    };
    const room = awarenessRoom(limits, { clock, nodes: counted });
    const shown = () => room.awareness.present().map(({ clientId, clock: at }) => [clientId, at]);
    return { ...room, bus, nodes, published, shown };
  };
  const pass = async (ms = 30) => {
    await network.settled();
    for (let passed = 0; passed < ms; passed += 30) {
      clock.advance(30);
      await network.settled();
    }
  };
  const [a, b, c] = [join("a"), join("b"), join("c")];
  await network.settled();
  return { clock, network, join, pass, a, b, c };
}

const changes = (entries: readonly NodeEntry[]) => encodePresence({ type: "changes", entries });

const held = (clientId: number, clock: number): NodeEntry => ({
  ...{ clientId, clock, state: "{}", hold: "owned", isFirst: true, ageMs: 0 },
});

describe("the presence of a room on several nodes", () => {
  test("is shown on all nodes that have members in it, and published once by the node of the member", async () => {
    const { a, b, c, pass } = await cluster();
    a.observe("alan");
    b.observe("beth");
    c.observe("cora");
    await pass();
    a.connect("anna", 1, 1);
    await pass();
    expect([b.takeBroadcasts(), c.takeBroadcasts()]).toEqual([
      [[[1, 1, '{"of":"anna"}']]],
      [[[1, 1, '{"of":"anna"}']]],
    ]);
    await pass(300);
    expect([a.published, b.published, c.published]).toEqual([["all", "changes"], ["all"], ["all"]]);
  });

  test("is coalesced: the latest state per client, at most every 30 ms", async () => {
    const { a, b, pass } = await cluster();
    a.observe("alan");
    b.observe("beth");
    await pass();
    a.connect("anna", 1, 1);
    for (let at = 2; at < 10; at += 1) a.say("anna", [1, at, "{}"]);
    await pass();
    expect(a.published).toEqual(["all", "changes", "changes"]);
    expect(b.shown()).toEqual([[1, 9]]);
  });

  test("is complete in a room that opens later, and in two that open at once", async () => {
    const { a, b, c, pass } = await cluster();
    a.connect("anna", 1, 1);
    await pass();
    b.connect("beth", 2, 1);
    c.connect("cora", 3, 1);
    await pass();
    for (const { shown } of [a, b, c])
      expect(shown().toSorted()).toEqual([
        [1, 1],
        [2, 1],
        [3, 1],
      ]);
  });

  test("costs nothing without another node", async () => {
    const clock = new FakeClock();
    const nodes = new PresenceNodes(new BusNetwork(clock).join("alone"), clock).of(name);
    const publish = () => {
      throw new Error("nobody is there");
    };
    const { awareness, connect, say } = awarenessRoom(defaultLimits, { clock, nodes: { ...nodes, publish } });
    connect("anna", 1, 1);
    say("anna", [1, 2, "{}"]);
    clock.advance(1_000);
    awareness.left("anna");
  });

  test("is not published while no other node has members in the room", async () => {
    const { a, b, c, network, pass } = await cluster();
    a.connect("anna", 1, 1);
    await pass();
    a.say("anna", [1, 2, "{}"]);
    await pass();
    expect(a.published).toEqual(["all"]);
    b.observe("beth");
    await pass();
    a.say("anna", [1, 3, "{}"]);
    await pass();
    expect([a.published, b.shown()]).toEqual([["all", "changes"], [[1, 3]]]);
    b.awareness.left("beth");
    await pass();
    a.say("anna", [1, 4, "{}"]);
    c.observe("cora");
    await pass();
    network.kill("c");
    await pass();
    a.say("anna", [1, 5, "{}"]);
    await pass();
    expect(a.published).toEqual(["all", "changes"]);
  });

  test("is complete again if a node has not heard that another one has members", async () => {
    const { a, b, network, pass } = await cluster();
    a.observe("alan");
    await pass();
    network.loseNext("b", "a", 2);
    b.connect("beth", 2, 1);
    await pass();
    a.connect("anna", 1, 1);
    await pass();
    for (const { shown } of [a, b]) {
      expect(shown().toSorted()).toEqual([
        [1, 1],
        [2, 1],
      ]);
    }
  });

  test("ends with the member, the node, or the room", async () => {
    const { a, b, c, network, pass } = await cluster();
    a.observe("alan");
    a.connect("anna", 1, 1);
    b.connect("beth", 2, 1);
    c.observe("cora");
    await pass();
    a.awareness.left("anna");
    await pass();
    expect(c.shown()).toEqual([[2, 1]]);
    network.kill("b");
    await network.settled();
    expect([a.shown(), c.shown()]).toEqual([[], []]);
    a.connect("ava", 4, 1);
    await pass();
    a.awareness.left("ava");
    a.awareness.left("alan");
    await pass(0);
    expect(c.shown()).toEqual([]);
  });

  test("does not expire while the node of the member is heard, and expires on every node if no member holds it", async () => {
    const { a, b, c, pass } = await cluster();
    b.observe("beth");
    a.connect("anna", 1, 1);
    a.say("anna", [7, 1, "{}"], [8, 1, "{}"]);
    await pass();
    expect(b.shown()).toEqual([
      [1, 1],
      [7, 1],
      [8, 1],
    ]);
    await pass(29_000);
    // A room that opens later does not prolong it.
    c.observe("cora");
    await pass();
    expect(c.shown()).toEqual([
      [1, 1],
      [7, 1],
      [8, 1],
    ]);
    await pass(6_000);
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 1]]);
  });

  test("keeps the bounds of the room, whatever another node sends", async () => {
    const { b, network, pass } = await cluster({ ...defaultLimits, awarenessClients: 2 });
    b.connect("beth", 2, 1);
    const { port } = new RecordedSubject(network.join("d"));
    await network.settled();
    port.publish(name, changes([7, 8, 9].map((clientId) => held(clientId, 1))));
    await pass();
    expect(b.shown()).toEqual([
      [2, 1],
      [7, 1],
    ]);
    expect(b.dropped).toEqual([["another node", "limits.awareness-clients", "clock 1, 2 characters", 2]]);
  });

  test("ignores messages of other releases", async () => {
    const { b, network, pass } = await cluster();
    b.observe("bob");
    const { port } = new RecordedSubject(network.join("d"));
    await network.settled();
    for (const message of ["", "\x01\x05\x01", "\x63anything"]) port.publish(name, bytes(message));
    port.publish(name, Uint8Array.of(...changes([held(7, 1)]), 1, 2, 3));
    await pass();
    expect(b.shown()).toEqual([[7, 1]]);
  });

  test("has a member raise its clock whose state another node has removed with a higher one", async () => {
    const { a, network, pass } = await cluster();
    a.connect("anna", 1, 5);
    const { port } = new RecordedSubject(network.join("d"));
    await network.settled();
    a.take("anna");
    await pass(1_000);
    port.publish(name, changes([{ ...held(1, 6), hold: "none", state: undefined }]));
    await pass();
    expect(a.take("anna")).toEqual([[[1, 6, null]]]);
  });
});

describe("a client that moves to another node", () => {
  test("is not removed by the late end of its former connection", async () => {
    const { a, b, c, pass } = await cluster();
    for (const [room, member] of [
      [a, "alan"],
      [b, "bob"],
      [c, "cora"],
    ] as const)
      room.observe(member);
    a.connect("old", 1, 5);
    await pass();
    b.connect("new", 1, 5);
    // The server has it raise its clock.
    b.say("new", [1, 6, "{}"]);
    await pass();
    a.awareness.left("old");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 6]]);
    b.awareness.left("new");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([]);
  });

  test("is not removed either if its former connection ends before it has raised its clock", async () => {
    const { a, b, c, pass } = await cluster();
    for (const [room, member] of [
      [a, "alan"],
      [b, "bob"],
      [c, "cora"],
    ] as const)
      room.observe(member);
    a.connect("old", 1, 5);
    await pass();
    b.connect("new", 1, 5);
    await pass();
    a.awareness.left("old");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 5]]);
  });

  test("takes its id over at once: its removal counts on the node of its former connection", async () => {
    const { a, b, pass } = await cluster();
    a.observe("alan");
    b.observe("bob");
    a.connect("old", 1, 5);
    await pass();
    b.connect("new", 1, 5);
    b.say("new", [1, 6, null]);
    await pass();
    expect([a.shown(), b.shown()]).toEqual([[], []]);
  });

  test("has the others raise their clocks, on all nodes", async () => {
    const { a, b, c, pass } = await cluster();
    c.connect("cora", 3, 1);
    a.connect("anna", 1, 1);
    await pass();
    a.awareness.left("anna");
    await pass(1_000);
    c.take("cora");
    // This node has not had the room before.
    b.connect("anna", 1, 1);
    await pass();
    expect(c.take("cora")).toEqual([[[3, 2, '{"of":"cora"}']]]);
  });

  test("raises its clock above the one that another node knows, if that does not show it", async () => {
    const { a, b, pass } = await cluster();
    a.observe("alan");
    a.connect("old", 1, 9);
    await pass();
    a.awareness.left("old");
    await pass();
    b.connect("new", 1, 5);
    b.take("new");
    await pass(1_000);
    expect(b.take("new")).toEqual([[[1, 9, null]]]);
    b.say("new", [1, 10, "{}"]);
    await pass();
    expect([a.shown(), b.shown()]).toEqual([[[1, 10]], [[1, 10]]]);
  });

  test("has its new state shown although it comes late, and before its former node is lost", async () => {
    const { a, b, c, network, pass } = await cluster();
    b.observe("bob", "new");
    c.observe("cora");
    a.connect("old", 1, 3);
    await pass();
    network.silence("a");
    b.say("new", [1, 4, "{}"]);
    await pass();
    expect([b.shown(), c.shown()]).toEqual([[[1, 4]], [[1, 4]]]);
    network.cut("a");
    await pass();
    expect([b.shown(), c.shown()]).toEqual([[[1, 4]], [[1, 4]]]);
  });

  test("stays as long as one of two connections to two nodes has sent its latest clock", async () => {
    const { a, b, c, pass } = await cluster();
    a.observe("alan");
    b.observe("bob");
    a.connect("first", 1, 1);
    await pass();
    b.connect("second", 1, 1);
    await pass();
    a.say("first", [1, 2, "{}"]);
    b.say("second", [1, 2, "{}"]);
    await pass();
    c.observe("cora");
    await pass();
    a.awareness.left("first");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 2]]);
    b.awareness.left("second");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([]);
  });

  test("stays when the newer of two connections ends", async () => {
    const { a, b, c, pass } = await cluster();
    for (const [room, member] of [
      [a, "alan"],
      [b, "bob"],
      [c, "cora"],
    ] as const)
      room.observe(member);
    a.connect("first", 1, 1);
    await pass();
    b.connect("second", 1, 1);
    await pass();
    a.say("first", [1, 2, "{}"]);
    b.say("second", [1, 2, "{}"]);
    await pass();
    b.awareness.left("second");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 2]]);
    a.awareness.left("first");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([]);
  });

  test("is inherited by no connection that has removed it", async () => {
    const { a, b, c, pass } = await cluster();
    for (const [room, member] of [
      [a, "alan"],
      [b, "bob"],
      [c, "cora"],
    ] as const)
      room.observe(member);
    await pass();
    b.connect("first", 1, 1);
    await pass();
    a.connect("second", 1, 1);
    await pass();
    b.say("first", [1, 1, null]);
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([[1, 1]]);
    a.awareness.left("second");
    await pass();
    for (const { shown } of [a, b, c]) expect(shown()).toEqual([]);
  });

  test("raises its clock also if it is above the known one: others may have learnt a higher one elsewhere", async () => {
    const { a, pass } = await cluster();
    a.observe("alan");
    a.connect("old", 1, 3);
    a.awareness.left("old");
    await pass();
    a.connect("new", 1, 5);
    expect(a.take("new").at(-1)).toEqual([[1, 6, '{"of":"new"}']]);
  });
});

describe("a network of nodes that fails", () => {
  test("shows everything again after a cut, with raised clocks", async () => {
    const { a, b, network, pass } = await cluster();
    a.connect("anna", 1, 1);
    b.connect("beth", 2, 1);
    await pass();
    network.cut("a");
    await pass();
    expect([a.shown(), b.shown()]).toEqual([[[1, 1]], [[2, 1]]]);
    a.take("anna");
    b.take("beth");
    network.heal("a");
    await pass();
    // Their clients remember the clocks of those that were gone.
    expect([a.take("anna"), b.take("beth")]).toEqual([[[[1, 2, '{"of":"anna"}']]], [[[2, 2, '{"of":"beth"}']]]]);
    a.say("anna", [1, 2, "{}"]);
    b.say("beth", [2, 2, "{}"]);
    await pass(1_000);
    expect([a.take("anna"), b.take("beth")]).toEqual([[], []]);
    for (const { shown } of [a, b])
      expect(shown().toSorted()).toEqual([
        [1, 2],
        [2, 2],
      ]);
  });

  test("has a node compare many rooms in several turns, each of them once", async () => {
    const { clock, network, join } = await cluster();
    const { nodes } = join("d");
    await network.settled();
    const compared: string[] = [];
    const names = Array.from({ length: 500 }, (_, index) => `room ${index}`);
    for (const each of names) {
      const presence = {
        received: () => {},
        lost: () => {},
        entries: () => [],
        compare: () => void compared.push(each),
      };
      nodes.of(each).enter(presence);
    }
    nodes.joined("a");
    const first = compared.length;
    nodes.lost("a");
    nodes.joined("a");
    clock.runTurns();
    expect([first, compared.length, new Set(compared).size]).toEqual([200, 700, 500]);
  });

  test("loses no removal and no state with a message", async () => {
    const { a, b, network, pass } = await cluster();
    b.observe("bob");
    a.connect("anna", 1, 1);
    a.connect("ada", 2, 1);
    await pass();
    network.loseNext("a", "b");
    a.awareness.left("anna");
    a.say("ada", [2, 2, "{}"]);
    await pass();
    expect(b.shown()).toEqual([[2, 2]]);
  });

  test("shows no client whose node has closed the room, also if that and the question about it are lost", async () => {
    const { a, b, network, pass } = await cluster();
    b.observe("bob");
    a.connect("anna", 1, 1);
    await pass();
    network.loseNext("a", "b");
    network.loseNext("b", "a", 2);
    a.awareness.left("anna");
    await pass();
    expect(b.shown()).toEqual([]);
  });

  test("shows no client whose node has closed the room before the others have answered it", async () => {
    const { a, b, network, pass } = await cluster();
    b.observe("bob");
    await pass();
    network.hold("b");
    a.connect("anna", 1, 1);
    a.nodes.missed("b");
    await pass();
    a.awareness.left("anna");
    await pass();
    network.release("b");
    await pass();
    expect(b.shown()).toEqual([]);
  });

  test("is asked for the states of a room without members here, and says whether all nodes have answered", async () => {
    const { a, b, c, clock, network, pass } = await cluster();
    a.connect("anna", 1, 1);
    b.connect("beth", 2, 1);
    await pass();
    const found = await c.nodes.find(name);
    expect([found.entries.map(({ clientId }) => clientId).toSorted(), found.isComplete]).toEqual([[1, 2], true]);
    network.hold("b");
    const finding = c.nodes.find(name);
    await network.settled();
    clock.advance(1_000);
    const partial = await finding;
    expect([partial.entries.map(({ clientId }) => clientId), partial.isComplete]).toEqual([[1], false]);
  });
});
