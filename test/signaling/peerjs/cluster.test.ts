import { describe, expect, test } from "bun:test";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { encodeMessage } from "../../../src/signaling/directed/directed-codec.ts";
import type { PeerJsClient } from "../../support/clients/peerjs-clients.ts";
import { peerJsNodes } from "../../support/cluster/peerjs-nodes.ts";
import { tuple } from "../../support/tuple.ts";

const offer = (dst: string, payload: unknown) => ({ type: "OFFER", dst, payload });
const expire = (src: string, dst: string) => ({ type: "EXPIRE", src, dst });
const taken = { type: "ID-TAKEN", payload: { msg: "ID is taken" } };

async function threeNodes(limits: Partial<Limits> = {}) {
  const cluster = await peerJsNodes(["a", "b", "c"], limits);
  const [a, b, c] = tuple(3, cluster.nodes);
  return { ...cluster, a, b, c };
}

const payloadsOf = (client: PeerJsClient) => client.received().map((message) => Object(message).payload);

describe("an id on another node", () => {
  test("is taken while its client answers a ping, and that client is not disturbed", async () => {
    const { a, b, network } = await threeNodes();
    const alice = await a.enter("alice");
    expect(await b.refusal(b.connect("alice", "stolen"))).toEqual(taken);
    await network.settled();
    expect([alice.connection.isOpen, alice.received()]).toEqual([true, []]);
  });

  test("is given to the client that asks when its holder does not answer a ping in 3 s", async () => {
    const { a, b, clock, network } = await threeNodes();
    const dead = await a.enter("alice");
    dead.connection.answersPings = false;
    const opening = b.connect("alice", "another");
    await network.settled();
    clock.advance(3_000);
    const alice = await opening;
    expect(alice.received()).toEqual([{ type: "OPEN" }]);
    await network.settled();
    clock.advance(1_000);
    expect(dead.connection.closeReason?.name).toBe("replaced");
  });

  test("goes to the same token at once; the old socket is ignored, and closed a second later", async () => {
    const { a, b, c, clock, network } = await threeNodes();
    const [before, bob] = [await a.enter("alice"), await c.enter("bob")];
    const after = await b.enter("alice");
    await network.settled();
    before.say(offer("bob", "from the old socket"));
    bob.say(offer("alice", 1));
    await network.settled();
    expect([payloadsOf(after), before.received(), bob.received()]).toEqual([[1], [], []]);
    clock.advance(999);
    expect(before.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(before.connection.closeReason?.name).toBe("replaced");
    before.session.closed();
    bob.say(offer("alice", 2));
    await network.settled();
    expect(payloadsOf(after)).toEqual([2]);
  });

  test("goes to the same token after a second when its node does not answer, and stays there when it does again", async () => {
    const { a, b, c, clock, network } = await threeNodes();
    const before = await a.enter("alice");
    await network.settled();
    network.hold("a");
    const [opening, refused] = [b.enter("alice"), c.refusal(c.connect("alice", "stolen"))];
    await network.settled();
    clock.advance(1_000);
    const after = await opening;
    await network.settled();
    clock.advance(3_000);
    expect(await refused).toEqual(taken);
    network.release("a");
    await network.settled();
    clock.advance(1_000);
    expect([before.connection.closeReason?.name, after.connection.isOpen]).toEqual(["replaced", true]);
  });

  test("is free as soon as its client has left", async () => {
    const { a, b } = await threeNodes();
    (await a.enter("alice")).leave();
    expect((await b.enter("alice", "another")).connection.isOpen).toBe(true);
  });

  test.each([2, 3])(
    "that clients of %i nodes ask for at the same moment goes to exactly one of them",
    async (count) => {
      const { nodes, network } = await threeNodes();
      const opening = nodes.slice(0, count).map((node) => node.connect("alice", `token of ${node.name}`));
      const outcomes = await Promise.allSettled(opening);
      await network.settled();
      expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", ...Array(count - 1).fill("rejected")]);
      const holders = nodes.filter(({ namespace }) => namespace.find("alice") !== undefined);
      expect(holders).toHaveLength(1);
    },
  );

  test("is listed on all nodes", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice");
    await b.enter("bob");
    await network.settled();
    for (const { namespace } of [a, b, c]) expect([...namespace.ids].sort()).toEqual(["alice", "bob"]);
    alice.leave();
    await network.settled();
    for (const { namespace } of [a, b, c]) expect(namespace.ids).toEqual(["bob"]);
  });
});

describe("a message", () => {
  test.each(["OFFER", "ANSWER", "CANDIDATE", "LEAVE"])(
    "%s reaches its receiver on another node alone",
    async (type) => {
      const { a, b, c, network } = await threeNodes();
      const [alice, bob, carol] = [await a.enter("alice"), await b.enter("bob"), await c.enter("carol")];
      await network.settled();
      alice.say({ type, src: "carol", dst: "bob", payload: { n: [1, null] }, more: true });
      await network.settled();
      expect(bob.received()).toEqual([{ type, src: "alice", dst: "bob", payload: { n: [1, null] } }]);
      expect([alice.received(), carol.received()]).toEqual([[], []]);
    },
  );

  test("for an id on no node waits, and is forwarded once when the id is opened on any node, before later ones", async () => {
    const { a, b, clock, network } = await threeNodes();
    const alice = await a.enter("alice");
    for (const payload of [1, 2]) alice.say(offer("bob", payload));
    clock.advance(4_999);
    const bob = await b.connect("bob");
    alice.say(offer("bob", 3));
    await network.settled();
    alice.say(offer("bob", 4));
    await network.settled();
    expect(bob.received()).toEqual([
      { type: "OPEN" },
      ...[1, 2, 3, 4].map((payload) => ({ type: "OFFER", src: "alice", dst: "bob", payload })),
    ]);
    clock.advance(60_000);
    expect([alice.received(), a.budget.usedBytes]).toEqual([[], 0]);
  });

  test("for an id that is opened nowhere expires after five seconds, and a LEAVE does not wait", async () => {
    const { a, clock } = await threeNodes();
    const alice = await a.enter("alice");
    alice.say(offer("bob", 1));
    alice.say({ type: "LEAVE", dst: "carol" });
    clock.advance(5_000);
    expect(alice.received()).toEqual([expire("bob", "alice")]);
    expect([a.budget.usedBytes, clock.pendingTimers]).toEqual([0, 0]);
  });

  test("that reaches a node after its receiver has left comes back, and reaches it where it opens its id, in order", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice");
    const bob = await b.enter("bob");
    await network.settled();
    network.hold("a");
    bob.leave();
    for (const payload of [1, 2]) alice.say(offer("bob", payload));
    await network.settled();
    network.release("a");
    alice.say(offer("bob", 3));
    const again = await c.enter("bob");
    alice.say(offer("bob", 4));
    await network.settled();
    expect(payloadsOf(again)).toEqual([1, 2, 3, 4]);
    expect([alice.received(), a.budget.usedBytes]).toEqual([[], 0]);
  });

  test("stays in order when its receiver moves to the sender's node, or to a third one, while messages are under way", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice");
    const received: unknown[] = [];
    let bob = await b.enter("bob");
    let number = 0;
    const say = (count: number) => {
      for (let said = 0; said < count; said += 1) {
        number += 1;
        alice.say(offer("bob", number));
      }
    };
    for (const node of [a, c, b, a, b]) {
      say(2);
      const opening = node.enter("bob");
      say(2);
      const next = await opening;
      say(2);
      await network.settled();
      say(1);
      await network.settled();
      received.push(...payloadsOf(bob));
      bob = next;
    }
    received.push(...payloadsOf(bob));
    expect(received).toEqual(Array.from({ length: number }, (_, index) => index + 1));
  });

  test("stays in order when its receiver opens its id on the sender's node before it has come back", async () => {
    const { a, b, clock, network } = await threeNodes();
    const alice = await a.enter("alice");
    const bob = await b.enter("bob");
    await network.settled();
    network.hold("b");
    alice.say(offer("bob", 1));
    bob.leave();
    await network.settled();
    const opening = a.enter("bob");
    await network.settled();
    clock.advance(1_000);
    const again = await opening;
    alice.say(offer("bob", 2));
    alice.say({ type: "LEAVE", dst: "bob", payload: 3 });
    expect(again.received()).toEqual([]);
    network.release("b");
    await network.settled();
    alice.say(offer("bob", 4));
    expect(payloadsOf(again)).toEqual([1, 2, 3, 4]);
  });

  test("that comes back for a receiver that is gone expires five seconds later; a LEAVE is dropped", async () => {
    const { a, b, clock, network } = await threeNodes();
    const alice = await a.enter("alice");
    const bob = await b.enter("bob");
    await network.settled();
    network.hold("a");
    bob.leave();
    alice.say(offer("bob", 1));
    alice.say({ type: "LEAVE", dst: "bob" });
    await network.settled();
    network.release("a");
    await network.settled();
    clock.advance(5_000);
    expect(alice.received()).toEqual([expire("bob", "alice")]);
    expect([a.budget.usedBytes, clock.pendingTimers]).toEqual([0, 0]);
  });

  test("waits no longer than two seconds for a node that does not answer", async () => {
    const { a, b, c, clock, network } = await threeNodes();
    const alice = await a.enter("alice");
    await b.enter("bob");
    await network.settled();
    alice.say(offer("bob", 1));
    await network.settled();
    network.hold("b");
    const opening = c.enter("bob");
    await network.settled();
    clock.advance(4_000);
    const again = await opening;
    alice.say(offer("bob", 2));
    await network.settled();
    expect(payloadsOf(again)).toEqual([]);
    clock.advance(2_000);
    await network.settled();
    expect(payloadsOf(again)).toEqual([2]);
  });
});

describe("when nodes lose each other", () => {
  test("the ids of the lost node are free, and messages for them wait", async () => {
    const { a, b, c, network } = await threeNodes();
    const alice = await a.enter("alice");
    await b.enter("bob");
    await network.settled();
    alice.say(offer("bob", 1));
    network.kill("b");
    await network.settled();
    expect(a.namespace.ids).toEqual(["alice"]);
    alice.say(offer("bob", 2));
    const bob = await c.enter("bob", "another");
    await network.settled();
    expect(payloadsOf(bob)).toEqual([2]);
  });

  test("each goes on by itself, and afterwards the earlier of two clients keeps the id", async () => {
    const { a, b, c, network } = await threeNodes();
    network.cut("a");
    await network.settled();
    const first = await a.enter("alice", "one");
    const second = await b.enter("alice", "another");
    const bob = await c.enter("bob");
    await network.settled();
    bob.say(offer("alice", 1));
    await network.settled();
    expect(payloadsOf(second)).toEqual([1]);
    network.heal("a");
    await network.settled();
    expect([first.connection.isOpen, second.connection.refusal]).toEqual([true, "ID is taken"]);
    second.session.closed();
    bob.say(offer("alice", 2));
    await network.settled();
    expect(payloadsOf(first)).toEqual([2]);
  });

  test("the last connection with the same token keeps the id", async () => {
    const { a, b, clock, network } = await threeNodes();
    network.cut("a");
    await network.settled();
    const first = await a.enter("alice");
    clock.advance(1);
    const second = await b.enter("alice");
    network.heal("a");
    await network.settled();
    clock.advance(1_000);
    expect([first.connection.closeReason?.name, second.connection.isOpen]).toEqual(["replaced", true]);
  });

  test("messages that were lost are made up for: ids that were opened and closed are known again", async () => {
    const { a, b, network } = await threeNodes();
    const [alice, carol] = [await a.enter("alice"), await b.enter("carol")];
    await network.settled();
    alice.say(offer("bob", 1));
    network.hold("c");
    const opening = b.enter("bob");
    await network.settled();
    network.loseNext("b", "a", 2);
    network.release("c");
    const bob = await opening;
    carol.leave();
    await network.settled();
    expect([...a.namespace.ids].sort()).toEqual(["alice", "bob"]);
    expect(payloadsOf(bob)).toEqual([1]);
  });
});

test("a message of another key, and one that cannot be read, is ignored", async () => {
  const { a, network } = await threeNodes();
  const stranger = network.join("d").open("peerjs", { received: () => {} });
  await network.settled();
  const unreadable = [[], [2], [4, 1, 1, 200], [6, 1], [99, 1, 2]];
  for (const bytes of unreadable) stranger.publish("peerjs/peerjs", Uint8Array.from(bytes));
  const stamp = { at: 1, node: "d" };
  const opened = { id: "alice", stamp, proof: new Uint8Array(), groups: [] };
  stranger.publish("peerjs/other", encodeMessage({ type: "opened", opened, replaces: [] }));
  await network.settled();
  expect((await a.enter("alice")).connection.isOpen).toBe(true);
  expect(a.namespace.ids).toEqual(["alice"]);
});
