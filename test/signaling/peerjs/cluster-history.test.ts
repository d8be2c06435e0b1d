import { expect, test } from "bun:test";
import { Random } from "../../support/bytes/random.ts";
import type { PeerJsClient } from "../../support/clients/peerjs-clients.ts";
import { type PeerJsNode, peerJsNodes } from "../../support/cluster/peerjs-nodes.ts";

interface Envelope {
  readonly type: string;
  readonly src: string;
  readonly payload: { readonly number: number; readonly connection: number };
}

interface Here {
  readonly client: PeerJsClient;
  readonly node: PeerJsNode;
}

const ids = ["x", "y", "z"];

/** Clients that connect to random nodes, leave, move and send. A message's number is higher than all before it. */
class Crowd {
  readonly here = new Map<string, Here>();
  /** All connections of each id, in the order in which they were opened. */
  readonly all = new Map<string, PeerJsClient[]>(ids.map((id) => [id, []]));
  /** The numbers of the messages of each pair. */
  readonly sent = new Map<string, number[]>();
  readonly #nodes: readonly PeerJsNode[];
  readonly #random: Random;
  #number = 0;

  constructor(nodes: readonly PeerJsNode[], random: Random) {
    this.#nodes = nodes;
    this.#random = random;
  }

  async step(): Promise<void> {
    const id = this.#random.pick(ids);
    const chance = this.#random.real();
    if (chance < 0.15) await this.enter(id);
    else if (chance < 0.25) this.leave(id);
    else this.say();
  }

  /** Any client says something to any other one. */
  say(): void {
    this.#say(this.#random.pick(ids), this.#random.pick(ids));
  }

  leaveAny(): void {
    this.leave(this.#random.pick(ids));
  }

  /** Connects to any node, possibly while another connection has the id. */
  async enter(id: string): Promise<void> {
    const node = this.#random.pick(this.#nodes);
    const opening = node.enter(id);
    if (this.#random.chance(0.5)) this.#say(this.#random.pick(ids), id);
    const client = await opening;
    this.here.set(id, { client, node });
    this.all.get(id)?.push(client);
  }

  leave(id: string): void {
    this.here.get(id)?.client.leave();
    this.here.delete(id);
  }

  /** The messages that the connections of `id` have received from `sender`, in the order of both. */
  received(id: string, sender: string): readonly Envelope["payload"][] {
    const frames = this.all.get(id)?.flatMap(({ connection }) => connection.sent) ?? [];
    const messages: Envelope[] = frames.map((frame) => JSON.parse(String(frame)));
    return messages.flatMap(({ type, src, payload }) => (type === "OFFER" && src === sender ? payload : []));
  }

  #say(id: string, dst: string): void {
    const sender = this.here.get(id);
    if (sender === undefined || !sender.node.namespace.find(id)) return;
    this.#number += 1;
    const connection = this.all.get(id)?.indexOf(sender.client);
    sender.client.say({ type: "OFFER", dst, payload: { number: this.#number, connection } });
    const pair = `${id} ${dst}`;
    this.sent.set(pair, [...(this.sent.get(pair) ?? []), this.#number]);
  }
}

const many = { mailboxMessages: 1e6, mailboxSenderMessages: 1e6, mailboxBytes: 1e9, mailboxSenderBytes: 1e9 };
const limits = { ...many, mailboxesSenderBytes: 1e9, publishBurst: 1e6 };
const seeds = Array.from({ length: 20 }, (_, index) => 20_250_607 + index);

test.each(seeds)(
  "while the bus works, every message arrives once, and those of a sender in order (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const { nodes, network } = await peerJsNodes(["a", "b", "c"], limits);
    const crowd = new Crowd(nodes, random);
    const whileHeld = async (node: string) => {
      network.hold(node);
      for (let said = 0; said < 5; said += 1) crowd.say();
      if (random.chance(0.5)) crowd.leaveAny();
      for (let said = 0; said < 5; said += 1) crowd.say();
      await network.settled();
      network.release(node);
    };
    for (let step = 0; step < 150; step += 1) {
      await crowd.step();
      if (random.chance(0.3)) await network.settled();
      if (random.chance(0.2)) await whileHeld(random.pick(nodes).name);
    }
    for (const id of ids) await crowd.enter(id);
    await network.settled();
    for (const id of ids) {
      expect(nodes.filter(({ namespace }) => namespace.find(id) !== undefined)).toHaveLength(1);
      for (const sender of ids) {
        const received = crowd.received(id, sender);
        const numbers = received.map(({ number }) => number);
        expect(numbers.toSorted((one, other) => one - other)).toEqual(crowd.sent.get(`${sender} ${id}`) ?? []);
        // Messages that a client has sent from several nodes have no order.
        for (const ofOne of Map.groupBy(received, ({ connection }) => connection).values()) {
          expect(ofOne.map(({ number }) => number)).toEqual(
            ofOne.map(({ number }) => number).toSorted((one, other) => one - other),
          );
        }
      }
    }
  },
);

type Cluster = Awaited<ReturnType<typeof peerJsNodes>>;

/** Cuts a node off, takes it back, loses messages, or delays them. */
function disturb({ network, nodes }: Cluster, random: Random): void {
  const { name } = random.pick(nodes);
  switch (random.integer(4)) {
    case 0:
      network.cut(name);
      break;
    case 1:
      network.heal(name);
      break;
    case 2:
      network.loseNext(name, random.pick(nodes).name, 1 + random.integer(3));
      break;
    default:
      network.release(name);
      network.hold(name);
      for (const node of nodes) if (random.chance(0.7)) network.release(node.name);
  }
}

async function calmDown({ clock, network, nodes }: Cluster): Promise<void> {
  for (const { name } of nodes) {
    for (const other of nodes) network.loseNext(name, other.name, 0);
    network.release(name);
    network.heal(name);
  }
  for (let round = 0; round < 10; round += 1) {
    await network.settled();
    clock.advance(5_000);
  }
  await network.settled();
}

test.each(seeds)(
  "after cuts, losses and delays, ids are unique and known everywhere, messages arrive, and nothing is left (seed %i)",
  async (seed) => {
    const random = new Random(seed);
    const cluster = await peerJsNodes(["a", "b", "c"], limits);
    const { clock, network, nodes } = cluster;
    const opening: Promise<unknown>[] = [];
    const clients: PeerJsClient[] = [];
    const enter = async () => {
      const client = await random.pick(nodes).enter(random.pick(ids), random.pick(["one", "another"]));
      clients.push(client);
    };
    const act = () => {
      const [client] = random.shuffled(clients);
      if (client === undefined || random.chance(0.4)) opening.push(enter().catch(() => "refused"));
      else if (random.chance(0.2)) client.leave();
      else client.say({ type: "OFFER", dst: random.pick(ids), payload: {} });
    };
    for (let step = 0; step < 120; step += 1) {
      act();
      if (random.chance(0.3)) disturb(cluster, random);
      if (random.chance(0.4)) await network.settled();
      if (random.chance(0.3)) clock.advance(random.integer(2_000));
    }
    await calmDown(cluster);
    await Promise.all(opening);
    const present = ids.filter((id) => nodes.some(({ namespace }) => namespace.find(id) !== undefined));
    for (const { namespace } of nodes) expect([...namespace.ids].sort()).toEqual(present);
    for (const id of present) expect(nodes.filter(({ namespace }) => namespace.find(id) !== undefined)).toHaveLength(1);
    const reader = await random.pick(nodes).enter("reader");
    for (const { enter, name } of nodes)
      (await enter(`writer ${name}`)).say({ type: "OFFER", dst: "reader", payload: name });
    await network.settled();
    expect(reader.received().map((message) => Object(message).payload)).toEqual(["a", "b", "c"]);
    for (const client of clients) client.leave();
    await network.settled();
    clock.advance(10_000);
    expect([nodes.map(({ budget }) => budget.usedBytes), clock.pendingTimers]).toEqual([[0, 0, 0], 0]);
  },
);
