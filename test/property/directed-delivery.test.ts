import { expect, test } from "bun:test";
import { yWebrtc } from "../../src/signaling/y-webrtc/dialect.ts";
import { Topic } from "../../src/signaling/y-webrtc/topic.ts";
import { Random } from "../support/bytes/random.ts";
import { type DialectClient, dialectClients, dialectParts } from "../support/servers/dialect-clients.ts";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
const stepsPerSeed = 1_000;
const topics = ["red", "blue"];

interface Published {
  readonly type: "publish";
  readonly topic: string;
  readonly data: unknown;
}

/**
 * The reaction of y-webrtc 10.3 to a published message in a room where its peer id is `peerId`: it reads a string only
 * with the password, and ignores its own messages and those addressed to another peer.
 */
function actsOn({ data }: Published, peerId: string, hasPassword: boolean): boolean {
  const isEncrypted = typeof data === "string";
  if (isEncrypted !== hasPassword) return false;
  const message: unknown = isEncrypted ? JSON.parse(atob(data)) : data;
  if (typeof message !== "object" || message === null) return false;
  const { from, to } = message as { from?: unknown; to?: unknown };
  return from !== peerId && (to === undefined || to === peerId);
}

/** A page: its rooms, and a socket that may be replaced before the server knows that the old one is dead. */
interface Page {
  readonly hasPassword: boolean;
  client: DialectClient;
  /** Topic to peer id. */
  readonly rooms: Map<string, string>;
}

/** A socket that is dead for its page and alive for the server; no page acts on the messages sent to it. */
type Ghost = DialectClient;

class World {
  readonly #random: Random;
  readonly #pages: Page[] = [];
  readonly #ghosts: Ghost[] = [];
  readonly #left: string[] = ["nobody"];
  readonly #connect: (id: string) => DialectClient;
  #ids = 0;
  /** The deliveries to pages, and the number that a broadcast to all would have made. */
  deliveries = 0;
  broadcasts = 0;

  constructor(random: Random) {
    this.#random = random;
    const parts = dialectParts({ limits: { publishBurst: 1e6, fanOutDeliveries: 1e9 } });
    const { openChannel, clock } = parts;
    const rooms = parts.registry(() => new Topic({ openChannel, memberLimit: 200, peerIdsPerSubscriber: 8, clock }));
    this.#connect = dialectClients([yWebrtc({ ...parts, rooms })], parts).connect;
  }

  async step(): Promise<void> {
    const page = this.#pages.length === 0 ? undefined : this.#random.pick(this.#pages);
    if (page === undefined || (this.#pages.length < 8 && this.#random.chance(0.1))) return this.#open();
    if (this.#random.chance(0.8)) return this.#signal(page);
    await this.#random.pick([
      () => this.#enter(page),
      () => this.#enter(page),
      () => this.#leave(page),
      () => this.#reconnect(page),
      () => this.#bury(),
      () => this.#bury(),
      () => this.#close(page),
    ])();
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind} ${this.#ids}`;
  }

  async #open(): Promise<void> {
    const page = { hasPassword: this.#random.chance(0.2), client: this.#connect(this.#id("socket")), rooms: new Map() };
    this.#pages.push(page);
    await this.#enter(page);
  }

  /** Joins as the library does: a subscription, and the announcement right after it. */
  async #enter(page: Page): Promise<void> {
    const topic = this.#random.pick(topics);
    if (!page.rooms.has(topic)) page.rooms.set(topic, this.#id("peer"));
    await page.client.say({ type: "subscribe", topics: [topic] });
    await this.#publish(page, topic, { type: "announce", from: page.rooms.get(topic) });
  }

  async #signal(page: Page): Promise<void> {
    const [topic, from] = this.#random.pick([...page.rooms, ["red", "a peer id that is not its own"] as const]);
    const known = this.#pages.flatMap(({ rooms }) => [...rooms.values()]);
    const to = this.#random.pick([...known, ...known, ...this.#left.slice(-2), from]);
    const claimed = this.#random.chance(0.02) ? to : from;
    await this.#publish(page, topic, { type: "signal", from: claimed, to, signal: { type: "offer", sdp: "v=0" } });
  }

  async #leave(page: Page): Promise<void> {
    const topic = this.#random.pick(topics);
    const peerId = page.rooms.get(topic);
    if (peerId === undefined) return;
    page.rooms.delete(topic);
    this.#left.push(peerId);
    await page.client.say({ type: "unsubscribe", topics: [topic] });
  }

  /** Opens a new socket, while the server may not have noticed yet that the old one is dead. */
  async #reconnect(page: Page): Promise<void> {
    if (this.#random.chance(0.5)) page.client.leave();
    else this.#ghosts.push(page.client);
    page.client = this.#connect(this.#id("socket"));
    await page.client.say({ type: "subscribe", topics: [...page.rooms.keys()] });
    for (const [topic, from] of page.rooms) await this.#publish(page, topic, { type: "announce", from });
  }

  #bury(): void {
    this.#ghosts.shift()?.leave();
  }

  #close(page: Page): void {
    page.client.leave();
    this.#pages.splice(this.#pages.indexOf(page), 1);
    this.#left.push(...page.rooms.values());
  }

  /**
   * Publishes, and compares the pages that act on the message with those that would act if it were broadcast to all.
   */
  async #publish(page: Page, topic: string, message: unknown): Promise<void> {
    const data = page.hasPassword ? btoa(JSON.stringify(message)) : message;
    const published: Published = { type: "publish", topic, data };
    const isThere = page.rooms.has(topic);
    await page.client.say(published);
    for (const ghost of this.#ghosts) ghost.received();
    for (const other of this.#pages) {
      const heard = other.client.received() as Published[];
      this.deliveries += heard.length;
      const peerId = other.rooms.get(topic);
      const hears = isThere && other !== page && peerId !== undefined;
      if (hears) this.broadcasts += 1;
      const acted = heard.filter((received) => actsOn(received, peerId ?? "", other.hasPassword)).length;
      expect(acted).toBe(hears && actsOn(published, peerId, other.hasPassword) ? 1 : 0);
      for (const received of heard) expect(received).toMatchObject(published);
    }
  }
}

test.each(seeds)("every client acts on the same messages as if all were broadcast, seed %i", async (seed) => {
  const world = new World(new Random(seed));
  for (let step = 0; step < stepsPerSeed; step += 1) await world.step();
  expect(world.broadcasts).toBeGreaterThan(500);
  expect(world.deliveries).toBeLessThan(0.9 * world.broadcasts);
});
