import { expect, test } from "bun:test";
import { Random } from "../../support/bytes/random.ts";
import { octateNodes } from "../../support/cluster/octate-nodes.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient } from "../../support/servers/dialect-clients.ts";

const runs = 20;
const steps = 60;
const rooms = ["red", "blue"];
const users = ["a", "b", "c", "d"];

interface Client {
  readonly node: string;
  readonly client: DialectClient;
  readonly pending: Promise<unknown>;
}

/** Three nodes to which random things happen, and the clients that create and join rooms on them. */
class World {
  readonly random: Random;
  readonly #cluster = octateNodes(3, { limits: { emptyRoomMs: 20_000 } });
  readonly #alive = new Map(this.#cluster.nodes.map((node) => [node.node, node]));
  readonly #cut = new Set<string>();
  #clients: Client[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  async create(): Promise<void> {
    await this.#enter({ type: "create-room", data: { content: "x".repeat(this.random.integer(9)) } });
  }

  async join(): Promise<void> {
    await this.#enter({ type: "join-room", data: {} });
  }

  leave(): void {
    if (this.#clients.length > 0) this.#end(this.random.pick(this.#clients));
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
    this.#clients = this.#clients.filter((client) => client.node !== node);
    const next = this.#cluster.start(crypto.randomUUID());
    this.#alive.set(next.node, next);
  }

  wait(): void {
    this.#cluster.clock.advance(this.random.integer(2_500));
  }

  /** The transport ends the sessions of connections that the server has closed. */
  endClosed(): void {
    for (const client of this.#clients) if (!client.client.connection.isOpen) this.#end(client);
  }

  /** Resolves with the rooms of each node, when nothing is under way any more. */
  async end() {
    this.heal();
    for (let round = 0; round < 6; round += 1) {
      await this.#cluster.network.settled();
      this.#cluster.clock.advance(700);
      this.endClosed();
    }
    await this.#cluster.network.settled();
    this.#cluster.clock.advance(3_000);
    await Promise.all(this.#clients.map(({ pending }) => pending));
    await this.#cluster.network.settled();
    return Array.from(this.#alive.values(), (node) =>
      Array.from(node.rooms, (room) => ({ ...room.facts, members: usersOf(room.describe().peers) })).toSorted(
        (left, right) => left.roomId.localeCompare(right.roomId),
      ),
    );
  }

  /** The users of the open clients that are in a room on their nodes. */
  get members(): number {
    return [...this.#alive.values()].flatMap((node) => [...node.rooms].flatMap((room) => [...room])).length;
  }

  async #enter(message: unknown): Promise<void> {
    const node = this.random.pick([...this.#alive.values()]);
    const [user, room] = [this.random.pick(users), this.random.pick(rooms)];
    const client = await node.enter(user, room);
    client.connection.answersPings = this.random.chance(0.8);
    this.#clients.push({ node: node.node, client, pending: client.say(message) });
  }

  #end(ended: Client): void {
    this.#clients = this.#clients.filter((client) => client !== ended);
    ended.client.abort();
    // The transport ends a session when no frame is being handled.
    void ended.pending.then(() => ended.client.leave());
  }
}

const usersOf = (peers: readonly { readonly userId: string }[]) => peers.map(({ userId }) => userId).toSorted();

const likely = [
  ...(["create", "create", "join", "join", "join", "leave"] as const),
  ...(["lose", "wait", "wait", "cut", "heal", "kill"] as const),
];

test.each(Array.from({ length: runs }, (_, seed) => seed))(
  "whatever happens to nodes and clients, all nodes have the same rooms and members in the end (seed %i)",
  async (seed) => {
    const world = new World(seed);
    for (let step = 0; step < steps; step += 1) {
      await world[world.random.pick(likely)]();
      if (world.random.chance(0.7)) await settled();
      world.endClosed();
    }
    const [first = [], ...others] = await world.end();
    for (const other of others) expect(other).toEqual(first);
    expect(world.members).toBe(first.reduce((sum, { members }) => sum + members.length, 0));
  },
);
