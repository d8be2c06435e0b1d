import { expect, test } from "bun:test";
import type { InfoCodec, Roster, RosterRoom } from "../../../src/signaling/cluster/roster.ts";
import { Rosters } from "../../../src/signaling/cluster/rosters.ts";
import { BusNetwork } from "../../support/cluster/bus-network.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { tuple } from "../../support/tuple.ts";

const text: InfoCodec<string> = {
  encode: (info) => info,
  decode: (info) => (info === "unreadable" ? undefined : info),
};

/** A node with one room open, and the news of its roster. */
function openNode(network: BusNetwork, node: string) {
  const bus = network.join(node);
  const rosters = new Rosters({ node, codec: text, openPort: (listener) => bus.open("test", listener) });
  const news: string[] = [];
  const room: RosterRoom<string> = {
    joined: ({ id, info }) => news.push(`${id} joined: ${info}`),
    left: ({ id }) => news.push(`${id} left`),
    replaced: (id) => news.push(`${id} replaced`),
    received: (payload, receiver) => news.push(`${receiver ?? "all"}: ${payload.join()}`),
  };
  const open = (name = "room"): Roster<string> => rosters.open(name, room);
  return { rosters, open, take: () => news.splice(0) };
}

async function setUp() {
  const clock = new FakeClock();
  const network = new BusNetwork(clock);
  const nodes = tuple(
    3,
    ["a", "b", "c"].map((node) => openNode(network, node)),
  );
  const opened = tuple(
    3,
    nodes.map(({ open }) => open()),
  );
  await Promise.all(nodes.map(({ rosters }) => rosters.refresh("room")));
  return { clock, network, nodes, rosters: opened };
}

test("a node that alone has the room open sends nothing", async () => {
  const network = new BusNetwork(new FakeClock());
  const nodes = tuple(
    2,
    ["a", "b"].map((node) => openNode(network, node)),
  );
  const alone = nodes[0].open();
  nodes[1].open("elsewhere");
  await nodes[0].rosters.refresh("room");
  alone.join({ id: "x", at: 1, info: "X" });
  alone.publish(Uint8Array.of(1));
  await network.settled();
  expect([alone.isShared, nodes[1].take()]).toEqual([false, []]);
});

test("of two members with one id the later one stays, on all nodes", async () => {
  const { network, nodes, rosters } = await setUp();
  rosters[0].join({ id: "x", at: 1, info: "first" });
  rosters[1].join({ id: "x", at: 2, info: "second" });
  await network.settled();
  expect(nodes.map(({ take }) => take())).toEqual([
    ["x replaced", "x joined: second"],
    [],
    expect.arrayContaining(["x joined: second"]),
  ]);
  expect(rosters.map((roster) => roster.find("x")?.node)).toEqual(["b", undefined, "b"]);
});

test("two members that got an id in the same millisecond are ordered by their nodes", async () => {
  const { network, rosters } = await setUp();
  rosters[1].join({ id: "x", at: 1, info: "" });
  rosters[0].join({ id: "x", at: 1, info: "" });
  await network.settled();
  expect(rosters.map((roster) => roster.find("x")?.node)).toEqual(["b", undefined, "b"]);
});

test("a member whose replacement was lost on the way to its node is known again when that one leaves", async () => {
  const { network, nodes, rosters } = await setUp();
  rosters[1].join({ id: "x", at: 1, info: "first" });
  await network.settled();
  network.loseNext("a", "b", 2);
  rosters[0].join({ id: "x", at: 2, info: "second" });
  rosters[0].leave("x");
  await network.settled();
  expect(nodes[2].take()).toEqual(["x joined: first", "x joined: second", "x left", "x joined: first"]);
  expect(nodes[1].take()).toEqual([]);
});

test("a node that answers late is told the members that have joined meanwhile", async () => {
  const { clock, network, nodes, rosters } = await setUp();
  rosters[1].join({ id: "y", at: 1, info: "there" });
  rosters[0].close();
  await network.settled();
  network.hold("b");
  const reopened = nodes[0].open();
  const opening = nodes[0].rosters.refresh("room");
  await network.settled();
  clock.advance(1_000);
  await opening;
  reopened.join({ id: "x", at: 2, info: "here" });
  await network.settled();
  network.release("b");
  await network.settled();
  expect(nodes.map(({ take }) => take())).toEqual([
    ["y joined: there"],
    ["x joined: here"],
    ["y joined: there", "x joined: here"],
  ]);
  expect(reopened.find("y")?.info).toBe("there");
});

test("a member whose description cannot be read is ignored", async () => {
  const { network, nodes, rosters } = await setUp();
  rosters[0].join({ id: "x", at: 1, info: "unreadable" });
  await network.settled();
  expect([nodes[1].take(), rosters[1].size]).toEqual([[], 0]);
});

test("a description that changes is told to nodes that ask, and no join", async () => {
  const { network, nodes, rosters } = await setUp();
  rosters[0].join({ id: "x", at: 1, info: "old" });
  await network.settled();
  rosters[0].describe({ id: "x", at: 1, info: "new" });
  rosters[0].describe({ id: "y", at: 1, info: "unknown" });
  await nodes[1].rosters.refresh("room");
  expect(nodes[1].take()).toEqual(["x joined: old"]);
  expect([rosters[1].find("x")?.info, rosters[1].size]).toEqual(["new", 1]);
});

test("a node that is back has the members of more rooms than one message names", async () => {
  const { network, nodes } = await setUp();
  const names = Array.from({ length: 400 }, (_, index) => `a room with a long name, number ${index}`);
  const [here, there] = [nodes[0], nodes[1]].map(({ open }) => names.map((name) => open(name)));
  network.cut("a");
  await network.settled();
  for (const roster of here ?? []) roster.join({ id: "x", at: 1, info: "" });
  network.heal("a");
  await network.settled();
  expect(there?.map(({ size }) => size)).toEqual(names.map(() => 1));
});
