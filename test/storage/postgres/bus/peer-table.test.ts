import { expect, test } from "bun:test";
import { PeerTable } from "../../../../src/storage/postgres/bus/peer-table.ts";
import { type Random, withSeeds } from "../../../support/bytes/random.ts";

interface Envelope {
  readonly from: string;
  readonly to: string;
  readonly views: ReadonlyMap<string, number> | undefined;
}

/** Nodes whose envelopes are handed over one by one. A node greets each one that joins, with an envelope behind its beat. */
class Nodes {
  readonly tables = new Map<string, PeerTable>();
  readonly events: string[] = [];
  /** The envelopes under way, in order. */
  readonly sent: Envelope[] = [];
  readonly #due = new Set<string>();
  readonly #greetings: Envelope[] = [];

  constructor(...names: readonly string[]) {
    for (const node of names) {
      this.tables.set(
        node,
        new PeerTable({
          node,
          joined: (to) => {
            this.events.push(`${node} joined ${to}`);
            this.#greetings.push({ from: node, to, views: undefined });
          },
          lost: (other) => this.events.push(`${node} lost ${other}`),
          forgotten: () => {},
          beatDue: () => this.#due.add(node),
        }),
      );
    }
  }

  beat(from: string): void {
    this.#due.delete(from);
    for (const to of this.tables.keys()) {
      if (to !== from) this.sent.push({ from, to, views: this.table(from).views });
    }
  }

  /** Hands over the next envelope. A lost one is reported, as by a gap in the numbers. */
  deliver(isLost = false): void {
    const envelope = this.sent.shift();
    if (envelope === undefined) return;
    const { from, to, views } = envelope;
    const table = this.table(to);
    if (isLost) this.events.push(`${to} missed ${from}`);
    else {
      table.heard(from);
      if (views !== undefined) table.beat(from, { kind: "beat", asksForBeats: false, views });
      else if (table.peers.has(from)) this.events.push(`${to} greeted by ${from}`);
    }
    this.sendDue();
  }

  sendDue(): void {
    for (const node of [...this.#due]) this.beat(node);
    this.sent.push(...this.#greetings.splice(0));
  }

  /** Hands over all envelopes, and those that they cause. */
  settle(): void {
    this.sendDue();
    for (let rounds = 0; this.sent.length > 0; rounds += 1) {
      if (rounds > 2_000) throw new Error("beats cause each other for ever");
      this.deliver();
    }
  }

  /** Lets seconds pass without an envelope. */
  pass(node: string, seconds: number): void {
    for (let second = 0; second < seconds; second += 1) this.table(node).tick();
  }

  table(node: string): PeerTable {
    const table = this.tables.get(node);
    if (table === undefined) throw new Error(`no node ${node}`);
    return table;
  }
}

test("nodes that hear each other join each other once, with one beat", () => {
  const nodes = new Nodes("a", "b");
  nodes.beat("a");
  nodes.settle();
  const events = ["a greeted by b", "a joined b", "b greeted by a", "b joined a"];
  expect(nodes.events.toSorted()).toEqual(events);
  nodes.beat("a");
  nodes.beat("b");
  nodes.settle();
  expect(nodes.events).toHaveLength(events.length);
});

test("a node that is heard, but does not hear, is no peer", () => {
  const nodes = new Nodes("a", "b");
  nodes.table("b").heard("a");
  for (let beat = 0; beat < 3; beat += 1) {
    nodes.table("b").beat("a", { kind: "beat", asksForBeats: false, views: new Map([["c", 1]]) });
  }
  expect(nodes.events).toEqual([]);
  expect(nodes.table("b").peers.size).toBe(0);
});

test("a node is lost after 10 s of silence, and takes the other one for new when it is heard again", () => {
  const nodes = new Nodes("a", "b");
  nodes.beat("a");
  nodes.settle();
  nodes.events.length = 0;
  nodes.pass("b", 9);
  nodes.table("b").heard("a");
  nodes.pass("b", 9);
  expect(nodes.events).toEqual([]);
  nodes.pass("b", 1);
  expect(nodes.events).toEqual(["b lost a"]);
  nodes.sent.length = 0;
  // It has heard all beats of the other one, and none that has lost it.
  nodes.beat("a");
  nodes.settle();
  const anew = ["a greeted by b", "a joined b", "a lost b", "b greeted by a", "b joined a", "b lost a"];
  expect(nodes.events.toSorted()).toEqual(anew);
});

test("a node of which a beat is late is in doubt until it is heard", () => {
  const nodes = new Nodes("a", "b");
  nodes.beat("a");
  nodes.settle();
  nodes.pass("b", 3);
  expect(nodes.table("b").inDoubt).toEqual([]);
  nodes.pass("b", 1);
  expect(nodes.table("b").inDoubt).toEqual(["a"]);
  nodes.table("b").heard("a");
  expect(nodes.table("b").inDoubt).toEqual([]);
});

test("a node has as much time to be heard again after this one could not hear, as when the database starts again", () => {
  const nodes = new Nodes("a", "b");
  nodes.beat("a");
  nodes.settle();
  nodes.pass("b", 5);
  nodes.table("b").opened();
  nodes.pass("b", 3);
  expect(nodes.table("b").inDoubt).toEqual([]);
  nodes.pass("b", 1);
  expect(nodes.table("b").inDoubt).toEqual(["a"]);
});

test("a node that has ended is lost at once", () => {
  const nodes = new Nodes("a", "b");
  nodes.beat("a");
  nodes.settle();
  nodes.table("a").ended("b");
  expect(nodes.events.at(-1)).toBe("a lost b");
  expect(nodes.table("a").views.size).toBe(0);
});

const names = ["a", "b", "c"];
const pairs = names.flatMap((name) => names.filter((other) => other !== name).map((other) => [name, other] as const));

function disturb(nodes: Nodes, node: string, random: Random): void {
  const choice = random.integer(10);
  if (choice < 6) nodes.deliver(random.chance(0.2));
  else if (choice < 8) nodes.beat(node);
  else nodes.pass(node, random.integer(14));
  if (random.chance(0.03)) nodes.table(node).loseAll();
  if (random.chance(0.5)) nodes.sendDue();
}

test("a node that has lost another one is sent anew what that one tells new nodes", () => {
  withSeeds(300, (random) => {
    const nodes = new Nodes(...names);
    for (let step = 0; step < 150; step += 1) disturb(nodes, random.pick(names), random);
    nodes.settle();
    for (const name of names) nodes.beat(name);
    nodes.settle();
    for (const [one, other] of pairs) {
      expect(nodes.table(one).peers.has(other)).toBeTrue();
      const last = (event: string) => nodes.events.lastIndexOf(`${one} ${event} ${other}`);
      expect(last("joined")).toBeGreaterThan(last("lost"));
      expect(Math.max(last("greeted by"), last("missed"))).toBeGreaterThan(last("lost"));
    }
  });
});
