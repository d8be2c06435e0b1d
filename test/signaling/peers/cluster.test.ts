import { describe, expect, test } from "bun:test";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { Random } from "../../support/bytes/random.ts";
import type { PeersClient } from "../../support/clients/peers-clients.ts";
import { peersNodes } from "../../support/cluster/peers-nodes.ts";
import { tuple } from "../../support/tuple.ts";

const success = [null, "success"];
const offer = (toDeviceId: string, sdi: unknown) => ({ connectionId: 1, toDeviceId, sdi });
const online = (id: string) => ["device-online", id];
const offline = (id: string) => ["device-offline", id];

async function threeNodes(limits: Partial<Limits> = {}) {
  const cluster = await peersNodes(["a", "b", "c"], limits);
  const [a, b, c] = tuple(3, cluster.nodes);
  return { ...cluster, a, b, c };
}

describe("a device id that a connection of another node has", () => {
  test("is in use while its client answers a ping", async () => {
    const { a, b, network } = await threeNodes();
    const alice = await a.enter("alice");
    const thief = await b.connect();
    expect(await thief.register("alice")).toEqual(["Device id in use"]);
    await network.settled();
    expect(alice.connection.isOpen).toBe(true);
  });

  test("is taken over when its socket is dead, without having been offline, with the devices that it knows", async () => {
    const { a, b, c, clock, network } = await threeNodes();
    const [before, bob, carol] = [await a.enter("alice", "g"), await b.enter("bob", "g"), await c.enter("carol")];
    await before.emit("offer", offer("carol", 1));
    await network.settled();
    for (const client of [bob, carol]) client.received();
    before.connection.answersPings = false;
    const after = await b.connect();
    const claim = after.register("alice", "g");
    await network.settled();
    clock.advance(3_000);
    expect(await claim).toEqual(success);
    await network.settled();
    expect(before.connection.closeReason?.name).toBe("replaced");
    before.session.closed();
    await network.settled();
    expect([bob.received(), carol.received()]).toEqual([[], []]);
    await carol.emit("offer", offer("alice", 2));
    await network.settled();
    expect(after.received()).toMatchObject([["offer", { sdi: 2, fromDeviceId: "carol" }]]);
    carol.leave();
    bob.leave();
    await network.settled();
    expect(after.received()).toEqual([offline("bob"), offline("carol")]);
  });

  test("is free as soon as its connection has closed", async () => {
    const { a, b } = await threeNodes();
    (await a.enter("alice")).leave();
    await b.enter("alice");
  });

  test.each([2, 3])("goes to one of %i clients that register it at the same moment on as many nodes", async (count) => {
    const { nodes, network } = await threeNodes();
    const clients = await Promise.all(nodes.slice(0, count).map((node) => node.connect()));
    const answers = await Promise.all(clients.map((client) => client.register("alice")));
    await network.settled();
    expect(answers.filter((answer) => Bun.deepEquals(answer, success))).toHaveLength(1);
    expect(nodes.filter(({ devices }) => devices.find("alice") !== undefined)).toHaveLength(1);
  });

  test("is the earlier one's after its nodes were cut off from each other; the other one is told so", async () => {
    const { a, b, clock, network } = await threeNodes();
    network.cut("a");
    await network.settled();
    const first = await a.enter("alice");
    clock.advance(1);
    const second = await b.enter("alice");
    network.heal("a");
    await network.settled();
    expect([first.connection.isOpen, second.connection.refusal]).toEqual([true, "Device id in use"]);
    expect(second.received()).toEqual([["error", "Device id in use"]]);
  });
});

describe("presence", () => {
  test("devices are told once of each device of their groups on other nodes, and of no other", async () => {
    const { a, b, c, network } = await threeNodes();
    const [alice, carol] = [await a.enter("alice", "g", "h"), await c.enter("carol", "k")];
    await network.settled();
    const bob = await b.enter("bob", "g", "h");
    await network.settled();
    expect([alice.received(), bob.received(), carol.received()]).toEqual([[online("bob")], [], []]);
    bob.leave();
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[offline("bob")], []]);
  });

  test("devices are told of devices on other nodes that they have exchanged messages with", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice");
    await alice.emit("offer", offer("bob", 1));
    const bob = await b.enter("bob");
    const carol = await c.enter("carol");
    await network.settled();
    expect([alice.received(), carol.received()]).toEqual([[online("bob")], []]);
    expect(bob.received()).toMatchObject([["offer", { sdi: 1 }]]);
    alice.leave();
    await network.settled();
    expect(bob.received()).toEqual([offline("alice")]);
    await c.enter("alice");
    await network.settled();
    expect(bob.received()).toEqual([online("alice")]);
  });

  test("a registration with other groups is told to the devices that it is new to", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice", "g");
    const [bob, carol] = [await b.enter("bob", "g"), await c.enter("carol", "k")];
    await network.settled();
    expect(await alice.register("alice", "g", "k")).toEqual(success);
    await network.settled();
    expect([bob.received(), carol.received()]).toEqual([[], [online("alice")]]);
  });

  test("the devices of a node that is lost are offline, and online when it is back", async () => {
    const { a, b, network } = await threeNodes();
    const [alice, bob] = [await a.enter("alice", "g"), await b.enter("bob", "g")];
    await network.settled();
    alice.received();
    network.cut("b");
    await network.settled();
    expect([alice.received(), bob.received()]).toEqual([[offline("bob")], [offline("alice")]]);
    network.heal("b");
    await network.settled();
    expect([alice.received(), bob.received()]).toEqual([[online("bob")], [online("alice")]]);
  });

  test("what was lost on the way is made up for", async () => {
    const { a, b, c, network } = await threeNodes();
    const [alice, bob] = [await a.enter("alice", "g"), await b.enter("bob", "g")];
    await network.settled();
    alice.received();
    network.loseNext("b", "a", 1);
    bob.leave();
    await network.settled();
    expect(alice.received()).toEqual([offline("bob")]);
    await c.enter("bob", "g");
    await network.settled();
    expect(alice.received()).toEqual([online("bob")]);
  });

  test("a group takes as many devices as its limit, on all nodes together", async () => {
    const { a, b, c, network } = await threeNodes({ signalingRoomMembers: 2 });
    await a.enter("alice", "g");
    await b.enter("bob", "g");
    await network.settled();
    const carol = await c.connect();
    expect(await carol.register("carol", "g")).toEqual(["Too many devices"]);
    expect(await carol.register("carol")).toEqual(success);
  });
});

describe("messages", () => {
  test("reach their receiver on another node alone, from their sender", async () => {
    const { a, b, c, network } = await threeNodes();
    const [alice, bob, carol] = [await a.enter("alice"), await b.enter("bob"), await c.enter("carol")];
    await network.settled();
    const message = { connectionId: 1, fromDeviceId: "carol", toDeviceId: "bob", iceCandidates: [{}] };
    expect(await alice.ask("iceCandidate", message)).toEqual(success);
    await network.settled();
    expect(bob.received()).toEqual([["iceCandidate", { ...message, fromDeviceId: "alice" }]]);
    expect([alice.received(), carol.received()]).toEqual([[], []]);
  });

  test("for an offline device wait for a minute, and are forwarded in order to the node where it registers", async () => {
    const { a, b, clock, network } = await threeNodes();
    const alice = await a.enter("alice");
    for (const sdi of [1, 2]) expect(await alice.ask("offer", offer("bob", sdi))).toEqual(success);
    clock.advance(59_999);
    const bob = await b.connect();
    expect(await bob.register("bob")).toEqual(success);
    await network.settled();
    await alice.emit("offer", offer("bob", 3));
    await network.settled();
    expect(bob.received()).toMatchObject([1, 2, 3].map((sdi) => ["offer", { sdi, fromDeviceId: "alice" }]));
    expect(a.budget.usedBytes).toBe(0);
  });

  test("that arrive after their receiver has left come back, and wait for it", async () => {
    const { a, b, c, network } = await threeNodes();
    const [alice, bob] = [await a.enter("alice"), await b.enter("bob")];
    await network.settled();
    network.hold("a");
    bob.leave();
    for (const sdi of [1, 2]) await alice.emit("offer", offer("bob", sdi));
    await network.settled();
    network.release("a");
    await network.settled();
    await alice.emit("offer", offer("bob", 3));
    const again = await c.enter("bob");
    await network.settled();
    expect(again.received()).toMatchObject([1, 2, 3].map((sdi) => ["offer", { sdi }]));
  });

  test("for a full mailbox are refused", async () => {
    const { a } = await threeNodes({ mailboxSenderMessages: 1 });
    const alice = await a.enter("alice");
    expect(await alice.ask("offer", offer("bob", 1))).toEqual(success);
    expect(await alice.ask("offer", offer("bob", 2))).toEqual(["Device is offline and its mailbox is full"]);
  });
});

const seeds = Array.from({ length: 10 }, (_, index) => 20_250_607 + index);

test.each(seeds)(
  "devices of random nodes know at the end which others of their group are online (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const { nodes, network } = await threeNodes({ publishBurst: 1e6 });
    const present = new Map<string, PeersClient>();
    const known = new Map<string, Set<string>>();
    const hear = (id: string, client: PeersClient) => {
      for (const [event, other] of client.received() as [string, string][]) {
        if (event === "device-online") known.get(id)?.add(other);
        else known.get(id)?.delete(other);
      }
    };
    for (let step = 0; step < 100; step += 1) {
      const id = random.pick(["w", "x", "y", "z"]);
      const here = present.get(id);
      if (here === undefined) {
        // The devices that are registered already do not announce themselves.
        known.set(id, new Set(present.keys()));
        present.set(id, await random.pick(nodes).enter(id, "group"));
      } else {
        hear(id, here);
        here.leave();
        present.delete(id);
      }
      await network.settled();
      if (random.chance(0.2)) {
        const { name } = random.pick(nodes);
        network.cut(name);
        await network.settled();
        network.heal(name);
        await network.settled();
      }
      for (const [device, client] of present) {
        hear(device, client);
        expect([...(known.get(device) ?? [])].sort()).toEqual(
          [...present.keys()].filter((key) => key !== device).sort(),
        );
      }
    }
  },
);
