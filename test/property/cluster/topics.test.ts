import { expect, test } from "bun:test";
import { Random } from "../../support/bytes/random.ts";
import { topicNodes } from "../../support/cluster/topic-nodes.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient } from "../../support/servers/dialect-clients.ts";

const runs = 20;
const steps = 80;
const topic = "room";

interface Published {
  readonly data: { readonly number: number };
  readonly clients: number;
}

/** A subscriber, with its peer id. */
interface Page {
  readonly node: string;
  readonly client: DialectClient;
  readonly peerId: string;
}

/** Three nodes to which random things happen, and the pages that are subscribed on them. */
class World {
  readonly random: Random;
  readonly pages: Page[] = [];
  readonly #cluster = topicNodes(3);
  readonly #cut = new Set<string>();
  #published = 0;
  #ids = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  subscribe(): void {
    const { connect, node } = this.random.pick(this.#cluster.nodes);
    this.#ids += 1;
    const page = { node, client: connect(crypto.randomUUID()), peerId: `peer-${this.#ids}` };
    this.pages.push(page);
    void page.client.say({ type: "subscribe", topics: [topic] });
    void page.client.say({ type: "publish", topic, data: { type: "announce", from: page.peerId } });
  }

  leave(): void {
    if (this.pages.length === 0) return;
    const [page] = this.pages.splice(this.random.integer(this.pages.length), 1);
    page?.client.abort();
    page?.client.leave();
  }

  signal(): void {
    if (this.pages.length === 0) return;
    const [from, to] = [this.random.pick(this.pages), this.random.pick(this.pages)];
    void from.client.say({ type: "publish", topic, data: { type: "signal", from: from.peerId, to: to.peerId } });
  }

  cut(): void {
    const { node } = this.random.pick(this.#cluster.nodes);
    this.#cut.add(node);
    this.#cluster.network.cut(node);
  }

  heal(): void {
    for (const node of this.#cut) this.#cluster.network.heal(node);
    this.#cut.clear();
  }

  lose(): void {
    const [from, to] = this.random.shuffled(this.#cluster.nodes.map(({ node }) => node));
    this.#cluster.network.loseNext(from ?? "", to ?? "", 1 + this.random.integer(3));
  }

  wait(): void {
    this.#cluster.clock.advance(this.random.integer(1_500));
  }

  async settle(): Promise<void> {
    this.heal();
    // From now on nothing is lost: a message arrives at most once.
    const names = this.#cluster.nodes.map(({ node }) => node);
    for (const from of names) for (const to of names) this.#cluster.network.loseNext(from, to, 0);
    for (let round = 0; round < 4; round += 1) {
      await this.#cluster.network.settled();
      this.#cluster.clock.advance(1_000);
    }
    for (const { client } of this.pages) client.received();
  }

  /** Publishes a message, to one peer id or to all; resolves with the pages that have received it. */
  async publish(sender: Page, to?: string): Promise<readonly { readonly page: Page; readonly clients: number }[]> {
    this.#published += 1;
    const data = { number: this.#published, from: sender.peerId, ...(to !== undefined && { to }) };
    await sender.client.say({ type: "publish", topic, data });
    await this.#cluster.network.settled();
    return this.pages.flatMap((page) =>
      (page.client.received() as Published[])
        .filter((message) => message.data.number === this.#published)
        .map(({ clients }) => ({ page, clients })),
    );
  }
}

const nameOf = ({ node, peerId }: Page) => `${peerId} on ${node}`;

const others = (pages: readonly Page[], sender: Page) => pages.filter((page) => page !== sender).map(nameOf);

const likely = ["subscribe", "subscribe", "leave", "signal", "signal", "cut", "heal", "lose", "wait", "wait"] as const;

test.each(Array.from({ length: runs }, (_, seed) => seed))(
  "whatever happens to nodes and subscribers, each message reaches its receivers once in the end (seed %i)",
  async (seed) => {
    const world = new World(seed);
    for (let step = 0; step < steps; step += 1) {
      world[world.random.pick(likely)]();
      if (world.random.chance(0.7)) await settled();
    }
    await world.settle();
    for (const sender of world.pages) {
      const received = await world.publish(sender);
      expect(received.map(({ page }) => nameOf(page))).toEqual(others(world.pages, sender));
      for (const { clients } of received) expect(clients).toBe(world.pages.length);
    }
    // By now all nodes know all peer ids.
    for (const sender of world.pages) {
      const receiver = world.random.pick(world.pages);
      const received = await world.publish(sender, receiver.peerId);
      expect(received.map(({ page }) => nameOf(page))).toEqual(receiver === sender ? [] : [nameOf(receiver)]);
    }
  },
);
