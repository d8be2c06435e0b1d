import { expect, test } from "bun:test";
import { PresenceNodes } from "../../../src/relay/awareness/nodes/presence-nodes.ts";
import { type Random, withSeedsAsync } from "../../support/bytes/random.ts";
import { BusNetwork } from "../../support/cluster/bus-network.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { type Kind, Network, Page, Server, type World } from "../../support/presence/pages.ts";

/** More deliveries than this until the network is idle are a storm. */
const stormDeliveries = 20_000;
const renewalMs = 15_000;
/** A node that ends without notice is lost within this time. */
const silenceMs = 10_000;
const room = "document";

/** Three nodes with one room, and clients that connect to any of them. */
class Cluster implements World {
  readonly kind: Kind;
  readonly random: Random;
  readonly network: Network;
  readonly clock = new FakeClock();
  readonly bus = new BusNetwork(this.clock);
  readonly nodes = new Map<string, Server>();
  readonly pages: Page[] = [];
  /**
   * Otherwise the ends of nodes are noticed late. A client of such a node whose state comes late is not told from one that
   * passes that state on: it is shown when the end is noticed.
   */
  readonly separates: boolean;
  readonly #cut = new Set<string>();
  readonly #held = new Set<string>();
  /** Nodes that have ended, which the others take for peers. */
  readonly #silent = new Set<string>();

  constructor(kind: Kind, random: Random) {
    this.kind = kind;
    this.random = random;
    this.network = new Network(random);
    this.separates = random.chance(0.5);
    for (const node of ["a", "b", "c"]) this.#open(node);
    for (let count = 2 + random.integer(5); count > 0; count -= 1) this.pages.push(new Page(`page ${count}`, this));
  }

  get server(): Server {
    return this.random.pick([...this.nodes.values()]);
  }

  get alive(): readonly Page[] {
    return this.pages.filter(({ isAlive }) => isAlive);
  }

  get expected(): readonly number[] {
    return this.pages.filter(({ hasState }) => hasState).map(({ id }) => id);
  }

  get broadcasts(): number {
    return [...this.nodes.values()].reduce((sum, { broadcasts }) => sum + broadcasts, 0);
  }

  /** Lets something happen to a node, or to the messages between nodes. */
  disturb(): void {
    const { bus, random } = this;
    const names = [...this.nodes.keys()];
    const node = random.pick(names);
    const acts: readonly (() => void)[] = [
      () => bus.loseNext(node, random.pick(names), 1 + random.integer(3)),
      () => bus.loseNext(node, random.pick(names), 1 + random.integer(3)),
      () => {
        this.#cut.add(node);
        bus.cut(node);
      },
      () => this.heal(),
      () => this.#restart(node),
      () => {
        if (this.#held.has(node)) return;
        this.#held.add(node);
        bus.hold(node);
      },
    ];
    random.pick(acts)();
  }

  heal(): void {
    for (const node of this.#cut) this.bus.heal(node);
    this.#cut.clear();
    for (const node of this.#held) this.bus.release(node);
    this.#held.clear();
  }

  /** Ends a node without notice, and starts another one in its place. */
  restartOne(): void {
    this.#restart(this.random.pick([...this.nodes.keys()]));
  }

  async settle(): Promise<void> {
    const limit = this.network.delivered + stormDeliveries;
    for (let round = 0; round < 40; round += 1) {
      do {
        while (this.network.deliver()) if (this.network.delivered > limit) throw new Error("a storm");
        await this.bus.settled();
      } while (this.network.hasWaiting);
      this.clock.advance(50);
    }
  }

  #open(node: string): void {
    const nodes = new PresenceNodes(this.bus.join(node), this.clock).of(room);
    this.nodes.set(node, new Server({ clock: this.clock, nodes }));
  }

  /** The nodes that were ended are lost by the others now. */
  loseEnded(): void {
    for (const node of this.#silent) this.#lose(node);
  }

  #lose(node: string): void {
    if (this.#silent.delete(node)) this.bus.cut(node);
  }

  #restart(node: string): void {
    const server = this.nodes.get(node);
    for (const page of this.pages) if (page.server === server) page.serverEnded();
    this.bus.silence(node);
    this.#silent.add(node);
    if (this.separates) this.#lose(node);
    else this.clock.after(this.random.integer(silenceMs), () => this.#lose(node));
    this.#cut.delete(node);
    this.#held.delete(node);
    this.nodes.delete(node);
    this.#open(`${node}'`);
  }
}

/** Lets clients and nodes do anything for a while, and connects all clients that have not crashed. */
async function play(cluster: Cluster): Promise<void> {
  const { bus, clock, kind, network, pages, random } = cluster;
  const acts: readonly ((page: Page) => void)[] = [
    (page) => page.connect(),
    (page) => page.connect(),
    (page) => page.disconnect(),
    (page) => page.setState({ at: random.integer(1_000) }),
    (page) => page.setState({ at: random.integer(1_000) }),
    (page) => page.setState(kind.isPresent ? { at: 0 } : null),
  ];
  for (let step = 0; step < 60; step += 1) {
    random.pick(acts)(random.pick(pages));
    if (random.chance(0.03)) random.pick(pages).crash();
    if (random.chance(0.15)) cluster.disturb();
    for (let count = random.integer(8); count > 0; count -= 1) network.deliver();
    clock.advance(random.integer(200));
    if (random.chance(0.5)) await bus.settled();
    if (random.chance(0.1)) await cluster.settle();
  }
  cluster.heal();
  if (random.chance(0.5)) cluster.restartOne();
  for (const page of pages) page.connect();
  await deliverInParts(cluster);
  await cluster.settle();
}

/** Delivers messages with pauses between them: frames that a client sends at once can arrive apart. */
async function deliverInParts({ bus, clock, network, random }: Cluster): Promise<void> {
  for (let part = 0; part < 5; part += 1) {
    for (let count = random.integer(8); count > 0; count -= 1) network.deliver();
    clock.advance(random.integer(200));
    await bus.settled();
  }
}

/** Lets the clients renew their states, and the others expire, as y-protocols does. */
async function renewAll(cluster: Cluster): Promise<void> {
  const { clock, pages } = cluster;
  const gone = pages.filter(({ hasState }) => !hasState).map(({ id }) => id);
  for (let round = 0; round < 3; round += 1) {
    clock.advance(renewalMs);
    for (const page of pages) page.renew();
    if (round > 0) for (const page of pages) page.expire(gone);
    await cluster.settle();
  }
}

/** Checks that every client, and a joiner on every node that has members, knows exactly the clients that have a state. */
function checkComplete({ alive, expected, nodes, pages }: Cluster): void {
  const ids = expected.toSorted();
  for (const server of nodes.values()) {
    if (alive.some((page) => page.server === server)) expect(server.present().toSorted()).toEqual(ids);
  }
  const states = new Map(pages.map(({ awareness, id }) => [id, awareness.getLocalState()]));
  for (const { awareness } of alive) {
    expect([...awareness.getStates().keys()].toSorted()).toEqual(ids);
    for (const [id, state] of awareness.getStates()) expect(state).toEqual(states.get(id) ?? {});
  }
}

async function checkQuiet(cluster: Cluster): Promise<void> {
  const counts = () => [cluster.network.delivered, cluster.broadcasts];
  const before = counts();
  cluster.clock.advance(5_000);
  await cluster.settle();
  expect(counts()).toEqual(before);
}

/** Checks that a client that crashes now is gone at once on all nodes. Among clients linked by WebRTC another may hold its state. */
async function checkCrash(cluster: Cluster): Promise<void> {
  const crashing = cluster.pages.find(({ hasState }) => hasState);
  if (crashing === undefined || cluster.kind.isMesh) return;
  crashing.crash();
  await cluster.settle();
  for (const server of cluster.nodes.values()) expect(server.present()).not.toContain(crashing.id);
}

test.each([
  { isMesh: false, isPresent: false },
  { isMesh: true, isPresent: false },
  { isMesh: false, isPresent: true },
  { isMesh: true, isPresent: true },
])(
  "presence becomes complete and quiet on three nodes, whatever clients, nodes and their network do: %p",
  async (kind) => {
    await withSeedsAsync(60, async (random) => {
      const cluster = new Cluster(kind, random);
      await play(cluster);
      // Seconds after the last return, without any renewal of y-protocols.
      if (kind.isPresent)
        for (const { awareness } of cluster.alive) {
          expect(cluster.expected.filter((id) => !awareness.getStates().has(id))).toEqual([]);
        }
      cluster.loseEnded();
      await cluster.settle();
      // Among clients linked by WebRTC another may hold the state of one that is gone, until it expires.
      if (kind.isPresent && !kind.isMesh) checkComplete(cluster);
      await renewAll(cluster);
      checkComplete(cluster);
      await checkQuiet(cluster);
      await checkCrash(cluster);
      for (const page of cluster.pages) page.destroy();
    });
  },
);
