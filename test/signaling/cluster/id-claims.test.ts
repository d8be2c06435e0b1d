import { describe, expect, test } from "bun:test";
import { Random } from "../../support/bytes/random.ts";
import { claimingNodes } from "../../support/cluster/claiming-nodes.ts";
import type { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { tuple } from "../../support/tuple.ts";

const reasonOf = ({ closeReason }: { closeReason: { name: string } | undefined }) => closeReason?.name;

async function threeNodes() {
  const cluster = claimingNodes("a", "b", "c");
  await cluster.network.settled();
  const [a, b, c] = tuple(3, cluster.nodes);
  return { ...cluster, a, b, c };
}

describe("an id that a client of another node holds", () => {
  test("is taken while that client answers a ping", async () => {
    const { a, b, holders } = await threeNodes();
    const first = await a.claim("x");
    expect(reasonOf(await b.claim("x"))).toBe("id-taken");
    expect(holders("x")).toEqual([first]);
  });

  test("goes to the client that asks when its holder does not answer in 3 s", async () => {
    const { a, b, clock, network, holders } = await threeNodes();
    const dead = await a.claim("x");
    dead.answersPings = false;
    const claim = b.claim("x");
    await network.settled();
    clock.advance(2_999);
    await network.settled();
    expect(holders("x")).toEqual([dead]);
    clock.advance(1);
    const second = await claim;
    await network.settled();
    expect(holders("x")).toEqual([second]);
    expect(reasonOf(dead)).toBe("replaced");
  });

  test("goes to the same client at once, without a ping", async () => {
    const { a, b, network, holders } = await threeNodes();
    const before = await a.claim("x", "token");
    const after = await b.claim("x", "token");
    await network.settled();
    expect(holders("x")).toEqual([after]);
    expect(reasonOf(before)).toBe("replaced");
    expect(reasonOf(await a.claim("x", "another"))).toBe("id-taken");
  });

  test("is free as soon as that client has left", async () => {
    const { a, b } = await threeNodes();
    await a.claim("x");
    a.leave("x");
    expect((await b.claim("x")).isOpen).toBe(true);
  });

  test("is free when its node has ended", async () => {
    const { a, b, network } = await threeNodes();
    await a.claim("x");
    network.kill("a");
    await network.settled();
    expect((await b.claim("x")).isOpen).toBe(true);
  });
});

describe("claims at the same moment", () => {
  test.each([2, 3])("on %i nodes have exactly one winner", async (count) => {
    const { nodes, network, holders } = await threeNodes();
    const claims = await Promise.all(nodes.slice(0, count).map((node) => node.claim("x")));
    await network.settled();
    expect(holders("x")).toHaveLength(1);
    expect(claims.filter((claim) => reasonOf(claim) === "id-taken")).toHaveLength(count - 1);
  });

  test("of the same client are given one after the other: the last one has the id", async () => {
    const { nodes, network, holders } = await threeNodes();
    const claims = await Promise.all(nodes.map((node) => node.claim("x", "token")));
    await network.settled();
    expect(holders("x")).toHaveLength(1);
    expect(claims.map(reasonOf).sort()).toEqual(["replaced", "replaced", undefined]);
  });

  test("on one node have one winner as well", async () => {
    const { a, holders } = await threeNodes();
    const claims = await Promise.all([a.claim("x"), a.claim("x"), a.claim("x")]);
    expect(claims.map(reasonOf)).toEqual([undefined, "id-taken", "id-taken"]);
    expect(holders("x")).toHaveLength(1);
  });

  test("have one winner when one of the clients disconnects, and the id stays usable", async () => {
    const { a, b, network, holders } = await threeNodes();
    const [first, second] = await Promise.all([a.claim("x"), b.claim("x")]);
    (first.isOpen ? a : b).leave("x");
    await network.settled();
    expect([reasonOf(first), reasonOf(second)].sort()).toEqual(["id-taken", undefined]);
    const next = await b.claim("x");
    await network.settled();
    expect(holders("x")).toEqual([next]);
  });
});

describe("an id that two clients have got, while their nodes were cut off from each other,", () => {
  async function doubled(proofs: readonly string[]) {
    const cluster = await threeNodes();
    const { network, nodes, clock } = cluster;
    for (const { node } of nodes) network.cut(node);
    await network.settled();
    const clients: FakeConnection[] = [];
    for (const [index, node] of nodes.slice(0, proofs.length).entries()) {
      clients.push(await node.claim("x", proofs[index]));
      clock.advance(1);
    }
    expect(cluster.holders("x")).toHaveLength(proofs.length);
    const heal = async () => {
      for (const { node } of nodes) network.heal(node);
      await network.settled();
    };
    return { ...cluster, clients, heal };
  }

  test("stays with the earlier one, if that answers a ping", async () => {
    const { clients, heal, holders } = await doubled(["one", "another"]);
    await heal();
    expect(holders("x")).toEqual(clients.slice(0, 1));
    expect(clients[1]?.closeReason?.name).toBe("id-taken");
  });

  test("goes to the later one, if the earlier one answers no ping", async () => {
    const { clients, heal, holders, clock, network } = await doubled(["one", "another"]);
    if (clients[0] !== undefined) clients[0].answersPings = false;
    await heal();
    clock.advance(3_000);
    await network.settled();
    expect(holders("x")).toEqual(clients.slice(1));
    expect(clients[0]?.closeReason?.name).toBe("replaced");
  });

  test.each([
    ["three times the same client", ["p", "p", "p"], [2]],
    ["three clients", ["p", "q", "r"], [0]],
    // It depends on which nodes meet first.
    ["the same client again after another one", ["p", "q", "p"], [1, 2]],
  ])("is one client's again: %s", async (_, proofs, winners) => {
    const { clients, heal, holders } = await doubled(proofs);
    await heal();
    const [holder, ...others] = holders("x").map((connection) => clients.indexOf(connection));
    expect(others).toEqual([]);
    expect(winners).toContain(holder ?? -1);
  });
});

test("a node that does not answer in a second keeps no client from an id", async () => {
  const { a, b, clock, network, holders } = await threeNodes();
  network.hold("c");
  const claim = a.claim("x");
  await network.settled();
  clock.advance(1_000);
  expect((await claim).isOpen).toBe(true);
  network.release("c");
  await network.settled();
  expect(reasonOf(await b.claim("x"))).toBe("id-taken");
  expect(holders("x")).toHaveLength(1);
});

test("a message that is no claim, or cut short, changes nothing", async () => {
  const { a, b, network } = await threeNodes();
  const other = network.join("d").open("test", { received: () => {} });
  await network.settled();
  const questions = [[], [1], [1, 5, 120], [99, 1, 1]].map((bytes) => Uint8Array.from(bytes));
  for (const question of questions)
    expect(await other.ask("room", question)).toEqual({ answers: [], isComplete: true });
  expect((await a.claim("x")).isOpen).toBe(true);
  expect(reasonOf(await b.claim("x"))).toBe("id-taken");
});

const seeds = Array.from({ length: 20 }, (_, index) => 20_250_607 + index);

type Cluster = Awaited<ReturnType<typeof threeNodes>>;

function disturb({ network, nodes }: Cluster, random: Random): void {
  const { node, held } = random.pick(nodes);
  switch (random.integer(4)) {
    case 0:
      network.cut(node);
      break;
    case 1:
      network.heal(node);
      break;
    case 2:
      network.loseNext(node, random.pick(nodes).node, 1 + random.integer(3));
      break;
    default:
      for (const { connection } of held.values()) connection.answersPings = random.chance(0.5);
  }
}

async function calmDown({ clock, network, nodes }: Cluster): Promise<void> {
  for (const { node } of nodes) {
    for (const other of nodes) network.loseNext(node, other.node, 0);
    network.heal(node);
  }
  for (let round = 0; round < 40; round += 1) {
    await network.settled();
    clock.advance(4_000);
  }
}

test.each(seeds)(
  "with random claims, cuts, deaths and losses, every id has at most one holder at the end (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const cluster = await threeNodes();
    const { clock, holders, network, nodes } = cluster;
    const ids = ["x", "y"];
    const claims: Promise<unknown>[] = [];
    for (let step = 0; step < 60; step += 1) {
      const chance = random.real();
      if (chance < 0.6) claims.push(random.pick(nodes).claim(random.pick(ids), random.pick(["", "p", "q"])));
      else if (chance < 0.75) random.pick(nodes).leave(random.pick(ids));
      else disturb(cluster, random);
      if (random.chance(0.4)) await network.settled();
      if (random.chance(0.3)) clock.advance(random.integer(4_000));
    }
    await calmDown(cluster);
    await Promise.all(claims);
    for (const id of ids) {
      expect(holders(id).length).toBeLessThanOrEqual(1);
      if (holders(id).length === 0) expect((await random.pick(nodes).claim(id)).isOpen).toBe(true);
    }
  },
);
