import { describe, expect, test } from "bun:test";
import { Random } from "../../support/bytes/random.ts";
import { peerNodes } from "../../support/cluster/peer-nodes.ts";
import { type PeerWire, peerWires } from "../../support/cluster/peer-wires.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient } from "../../support/servers/dialect-clients.ts";

const ids = ["a", "b", "c", "d", "e", "f"];
const runs = 12;
const steps = 60;

/** A client, and what its frames have told it about the others. */
class Watcher {
  readonly client: DialectClient;
  readonly id: string;
  readonly node: string;
  readonly #wire: PeerWire;
  readonly #known = new Set<string>();
  isJoined = false;
  hasLeft = false;
  joining = Promise.resolve();

  constructor(client: DialectClient, id: string, node: string, wire: PeerWire) {
    this.client = client;
    this.id = id;
    this.node = node;
    this.#wire = wire;
  }

  leave(): void {
    this.read();
    this.hasLeft = true;
    this.client.abort();
    // The transport ends a session when no frame is being handled.
    void this.joining.then(() => this.client.leave());
  }

  /** Reads the frames since the last call; fails when a peer leaves that the client does not know. */
  read(): readonly string[] {
    for (const frame of this.client.received()) {
      const { listed, joined, left } = this.#wire.read(frame);
      if (listed !== undefined) {
        this.isJoined = true;
        this.#known.clear();
        for (const id of listed) this.#known.add(id);
      }
      if (joined !== undefined) this.#known.add(joined);
      if (left !== undefined && !this.#known.delete(left))
        throw new Error(`${this.id} is told twice that ${left} left`);
    }
    return [...this.#known].toSorted();
  }
}

/** Three nodes to which random things happen. */
class World {
  readonly random: Random;
  readonly #wire: PeerWire;
  readonly #cluster: ReturnType<typeof peerNodes>;
  readonly #alive: Map<string, ReturnType<typeof peerNodes>["nodes"][number]>;
  readonly #cut = new Set<string>();
  readonly #pending: Promise<void>[] = [];
  #watchers: Watcher[] = [];

  constructor(seed: number, wire: PeerWire) {
    this.random = new Random(seed);
    this.#wire = wire;
    this.#cluster = peerNodes(3, wire);
    this.#alive = new Map(this.#cluster.nodes.map((node) => [node.node, node]));
  }

  join(): void {
    const { connect, node } = this.random.pick([...this.#alive.values()]);
    const watcher = new Watcher(connect(crypto.randomUUID()), this.random.pick(ids), node, this.#wire);
    watcher.client.connection.answersPings = this.random.chance(0.8);
    this.#watchers.push(watcher);
    watcher.joining = watcher.client.say(this.#wire.join(watcher.id));
    this.#pending.push(watcher.joining);
  }

  leave(): void {
    if (this.#watchers.length > 0) this.random.pick(this.#watchers).leave();
  }

  cut(): void {
    const node = this.random.pick([...this.#alive.keys()]);
    this.#cut.add(node);
    this.#cluster.network.cut(node);
  }

  heal(): void {
    for (const node of this.#cut) this.#cluster.network.heal(node);
    this.#cut.clear();
  }

  lose(): void {
    const [from = "", to = ""] = this.random.shuffled([...this.#alive.keys()]);
    this.#cluster.network.loseNext(from, to, 1 + this.random.integer(3));
  }

  /** Ends a node, and starts another one. */
  kill(): void {
    const node = this.random.pick([...this.#alive.keys()]);
    this.#cluster.network.kill(node);
    this.#cut.delete(node);
    this.#alive.delete(node);
    for (const watcher of this.#watchers) watcher.hasLeft ||= watcher.node === node;
    const next = this.#cluster.start(crypto.randomUUID());
    this.#alive.set(next.node, next);
  }

  wait(): void {
    this.#cluster.clock.advance(this.random.integer(1_500));
  }

  /** The transport ends the sessions of connections that the server has closed. */
  endClosed(): void {
    for (const watcher of this.#watchers) if (!(watcher.hasLeft || watcher.client.connection.isOpen)) watcher.leave();
    this.#watchers = this.#watchers.filter(({ hasLeft }) => !hasLeft);
  }

  /** Resolves with the clients that have joined, when nothing is under way any more. */
  async end(): Promise<readonly Watcher[]> {
    this.heal();
    for (let round = 0; round < 10; round += 1) {
      await this.#cluster.network.settled();
      this.#cluster.clock.advance(4_000);
      this.endClosed();
    }
    await Promise.all(this.#pending);
    await this.#cluster.network.settled();
    for (const watcher of this.#watchers) watcher.read();
    return this.#watchers.filter(({ isJoined }) => isJoined);
  }
}

const likely = [
  ...(["join", "join", "join", "join", "leave", "leave"] as const),
  ...(["lose", "wait", "wait", "cut", "heal", "kill"] as const),
];

describe.each(peerWires)("$name", (wire) => {
  test.each(Array.from({ length: runs }, (_, seed) => seed))(
    "whatever happens to nodes and clients, all clients know the same peers in the end (seed %i)",
    async (seed) => {
      const world = new World(seed, wire);
      for (let step = 0; step < steps; step += 1) {
        world[world.random.pick(likely)]();
        if (world.random.chance(0.7)) await settled();
        world.endClosed();
      }
      const watchers = await world.end();
      const members = watchers.map(({ id }) => id);
      expect(new Set(members).size).toBe(members.length);
      for (const watcher of watchers) {
        const others = members.filter((id) => id !== watcher.id).toSorted();
        expect([watcher.id, watcher.read()]).toEqual([watcher.id, others]);
      }
    },
  );
});
