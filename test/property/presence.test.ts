import { expect, test } from "bun:test";
import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  Awareness as YAwareness,
} from "y-protocols/awareness";
import * as Y from "yjs";
import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { Ticker } from "../../src/lib/time/ticker.ts";
import { Awareness, type AwarenessOwner } from "../../src/relay/awareness/awareness.ts";
import type { AwarenessAudience } from "../../src/relay/awareness/awareness-audience.ts";
import { decodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { testPulse } from "../support/test-pulse.ts";

/** More deliveries than this until the network is idle are a storm. */
const stormDeliveries = 20_000;
const renewalMs = 15_000;

/** The changes that y-protocols reports. */
type Change = Record<"added" | "updated" | "removed", number[]>;

/** A network in which each link keeps its order, and the links are served in any order. */
class Network {
  readonly #random: Random;
  readonly #links = new Map<string, (() => void)[]>();
  delivered = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  send(link: string, arrive: () => void): void {
    const waiting = this.#links.get(link) ?? [];
    this.#links.set(link, waiting);
    waiting.push(arrive);
  }

  /** Loses what waits on a link, but for the first messages. */
  cut(link: string): void {
    const waiting = this.#links.get(link);
    waiting?.splice(this.#random.integer(waiting.length + 1));
  }

  /** Delivers one message. Returns false when none waits. */
  deliver(): boolean {
    const links = [...this.#links.values()].filter(({ length }) => length > 0);
    if (links.length === 0) return false;
    this.#random.pick(links).shift()?.();
    this.delivered += 1;
    return true;
  }
}

/** A page, as the server sees it. */
interface Receiver {
  receive(member: string, body: Uint8Array): void;
  queried(member: string): void;
}

/** A room of the server, whose members are named `<page>#<connection>`. */
class Server {
  readonly clock = new FakeClock();
  readonly room: Awareness<string>;
  readonly #members = new Map<string, Receiver>();
  readonly #subscribed = new Set<string>();
  broadcasts = 0;

  constructor() {
    const account = new FakeConnection("account");
    const send = (member: string, body: Uint8Array) => this.#members.get(member)?.receive(member, body);
    const audience: AwarenessAudience<string> = {
      sendAwareness: send,
      requestRenewal: (member, body) => {
        send(member, body);
        this.#members.get(member)?.queried(member);
      },
      publishAwareness: (body) => {
        this.broadcasts += 1;
        for (const member of this.#subscribed) send(member, body);
      },
      subscribeToAwareness: (member) => void this.#subscribed.add(member),
    };
    const owner: AwarenessOwner<string> = {
      accountOf: () => account,
      dropped: (member, bound) => {
        throw new Error(`${member} exceeds ${bound}`);
      },
    };
    this.room = new Awareness({ clock: this.clock, limits: defaultLimits, audience }, owner);
    new Ticker({ intervalMs: 5_000, pulse: testPulse(this.clock) }).add(this);
  }

  tick(): void {
    this.room.removeExpired();
  }

  join(member: string, page: Receiver): void {
    this.#members.set(member, page);
    this.room.joined(member);
  }

  leave(member: string): void {
    this.#members.delete(member);
    this.#subscribed.delete(member);
    this.room.left(member);
  }

  /** The ids that a joiner is told of. */
  present(): number[] {
    const told = { ids: [] as number[] };
    const receive = (_: string, body: Uint8Array) => {
      told.ids = decodeAwareness(body).map(({ clientId }) => clientId);
    };
    this.#members.set("joiner", { receive, queried: () => {} });
    this.room.query("joiner");
    this.#members.delete("joiner");
    return told.ids;
  }
}

interface Kind {
  /** Whether the clients pass the states on among themselves, as over WebRTC. */
  readonly isMesh: boolean;
  /** Whether all clients have a state at any time; otherwise some set it late, or remove it. */
  readonly isPresent: boolean;
}

interface World {
  readonly kind: Kind;
  readonly server: Server;
  readonly network: Network;
  readonly random: Random;
  readonly pages: Page[];
}

/** A page with one provider, as y-websocket's and Hocuspocus' providers behave, and perhaps a mesh of WebRTC. */
class Page implements Receiver {
  readonly id: number;
  readonly awareness: YAwareness;
  readonly #name: string;
  readonly #world: World;
  readonly #isInMesh: boolean;
  /** Providers of Hocuspocus 4 do not send what they have received from the server. */
  readonly #sendsBack: boolean;
  #connections = 0;
  #member: string | undefined;
  isAlive = true;

  constructor(name: string, world: World) {
    const doc = new Y.Doc();
    doc.clientID = 1 + world.pages.length;
    this.id = doc.clientID;
    this.awareness = new YAwareness(doc);
    this.#name = name;
    this.#world = world;
    // A client of the mesh that disconnects removes the others for all of it. Those outside do not learn this, and are
    // back with their next renewal.
    this.#isInMesh = world.kind.isMesh && (world.kind.isPresent || world.random.chance(0.7));
    this.#sendsBack = world.random.chance(0.7);
    if (!world.kind.isPresent && world.random.chance(0.4)) this.awareness.setLocalState(null);
    this.awareness.on("update", (change: Change, origin: unknown) => this.#updated(change, origin));
  }

  get isConnected(): boolean {
    return this.#member !== undefined;
  }

  get hasState(): boolean {
    return this.isAlive && this.awareness.getLocalState() !== null;
  }

  connect(): void {
    if (this.isConnected || !this.isAlive) return;
    this.#connections += 1;
    const member = `${this.#name}#${this.#connections}`;
    this.#member = member;
    const { kind, random, server } = this.#world;
    server.join(member, this);
    const own = this.hasState ? this.#encoded([this.id]) : undefined;
    const sendOwn = () => void (own !== undefined && server.room.updateReceived(member, own));
    // The own state is sent together with SyncStep1, and is late only on a bad network.
    const isTogether = kind.isPresent || random.chance(0.5);
    this.#send(() => {
      server.room.frameReceived(member);
      if (isTogether) sendOwn();
    });
    if (!isTogether) this.#send(sendOwn);
  }

  /** Leaves as y-websocket does, with a removal at the known clock, or without a word. */
  disconnect(): void {
    const member = this.#member;
    if (member === undefined) return;
    const { network, random, server } = this.#world;
    if (random.chance(0.5)) {
      const removal = this.#encoded([this.id], new Map());
      this.#send(() => server.room.updateReceived(member, removal));
    } else network.cut(`${member} up`);
    this.#member = undefined;
    network.send(`${member} up`, () => server.leave(member));
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.id);
    removeAwarenessStates(this.awareness, others, "server");
  }

  crash(): void {
    this.isAlive = false;
    const member = this.#member;
    this.#member = undefined;
    if (member === undefined) return;
    const { network, server } = this.#world;
    network.cut(`${member} up`);
    network.send(`${member} up`, () => server.leave(member));
  }

  setState(state: Record<string, unknown> | null): void {
    if (this.isAlive) this.awareness.setLocalState(state);
  }

  renew(): void {
    if (this.hasState) this.awareness.setLocalState(this.awareness.getLocalState());
  }

  /** As y-protocols does with clients that it has not heard of for 30 s. */
  expire(ids: readonly number[]): void {
    if (this.isAlive) removeAwarenessStates(this.awareness, [...ids], "timeout");
  }

  receive(member: string, body: Uint8Array): void {
    this.#world.network.send(`${member} down`, () => {
      if (this.#member === member) applyAwarenessUpdate(this.awareness, body, "server");
    });
  }

  queried(member: string): void {
    this.#world.network.send(`${member} down`, () => {
      if (this.#member === member && !this.#sendsBack) this.#sendStates([...this.awareness.getStates().keys()]);
    });
  }

  receiveFromMesh(from: Page, body: Uint8Array): void {
    this.#world.network.send(`${from.#name} to ${this.#name}`, () => {
      if (this.isAlive) applyAwarenessUpdate(this.awareness, body, "mesh");
    });
  }

  destroy(): void {
    this.isAlive = false;
    this.#member = undefined;
    this.awareness.destroy();
  }

  #updated({ added, updated, removed }: Change, origin: unknown): void {
    if (!this.isAlive) return;
    const ids = [...added, ...updated, ...removed];
    if (this.#sendsBack || origin !== "server") this.#sendStates(ids);
    if (!this.#isInMesh) return;
    const body = this.#encoded(ids);
    for (const page of this.#world.pages) if (page !== this && page.#isInMesh) page.receiveFromMesh(this, body);
  }

  #sendStates(ids: readonly number[]): void {
    const member = this.#member;
    if (member === undefined) return;
    const body = this.#encoded(ids);
    this.#send(() => this.#world.server.room.updateReceived(member, body));
  }

  #send(arrive: () => void): void {
    if (this.#member !== undefined) this.#world.network.send(`${this.#member} up`, arrive);
  }

  #encoded(ids: readonly number[], states = this.awareness.getStates()): Uint8Array {
    return encodeAwarenessUpdate(this.awareness, [...ids], states);
  }
}

function settle({ network, server }: World): void {
  const limit = network.delivered + stormDeliveries;
  for (let round = 0; round < 40; round += 1) {
    while (network.deliver()) if (network.delivered > limit) throw new Error("a storm");
    server.clock.advance(50);
  }
}

/** Lets the clients do anything for a while, and connects all that have not crashed. */
function play(world: World): void {
  const { kind, network, pages, random, server } = world;
  for (let count = 2 + random.integer(4); count > 0; count -= 1) pages.push(new Page(`page ${count}`, world));
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
    for (let count = random.integer(8); count > 0; count -= 1) network.deliver();
    server.clock.advance(random.integer(200));
    if (random.chance(0.1)) settle(world);
  }
  for (const page of pages) page.connect();
  settle(world);
}

/** Lets the clients renew their states, and the others expire, as y-protocols does. */
function renewAll(world: World): void {
  const { pages, server } = world;
  const gone = pages.filter(({ hasState }) => !hasState).map(({ id }) => id);
  for (let round = 0; round < 3; round += 1) {
    server.clock.advance(renewalMs);
    for (const page of pages) page.renew();
    if (round > 0) for (const page of pages) page.expire(gone);
    settle(world);
  }
}

const idsOf = (pages: readonly Page[]) => pages.filter(({ hasState }) => hasState).map(({ id }) => id);

/** Checks that every client, and a joiner, knows exactly the clients that have a state. */
function checkComplete({ pages, server }: World): void {
  const expected = idsOf(pages).toSorted();
  const alive = pages.filter(({ isAlive }) => isAlive);
  if (alive.length > 0) expect(server.present().toSorted()).toEqual(expected);
  for (const { awareness } of alive) expect([...awareness.getStates().keys()].toSorted()).toEqual(expected);
}

function checkQuiet(world: World): void {
  const { network, server } = world;
  const before = [network.delivered, server.broadcasts];
  server.clock.advance(5_000);
  settle(world);
  expect([network.delivered, server.broadcasts]).toEqual(before);
}

/** Checks that a client that crashes now is gone at once. Among clients linked by WebRTC another may hold its state. */
function checkCrash(world: World): void {
  const { kind, pages, server } = world;
  const crashing = pages.find(({ hasState }) => hasState);
  if (crashing === undefined || kind.isMesh) return;
  crashing.crash();
  settle(world);
  expect(server.present()).not.toContain(crashing.id);
}

test.each([
  { isMesh: false, isPresent: false },
  { isMesh: true, isPresent: false },
  { isMesh: false, isPresent: true },
  { isMesh: true, isPresent: true },
])("presence becomes complete and quiet, whatever clients do and however late messages arrive: %p", (kind) => {
  withSeeds(200, (random) => {
    const world: World = { kind, server: new Server(), network: new Network(random), random, pages: [] };
    play(world);
    const { pages } = world;
    if (kind.isPresent) {
      // Seconds after the last return, without any renewal of y-protocols.
      for (const { hasState, awareness } of pages) {
        if (hasState) expect(idsOf(pages).filter((id) => !awareness.getStates().has(id))).toEqual([]);
      }
    }
    renewAll(world);
    checkComplete(world);
    checkQuiet(world);
    checkCrash(world);
    for (const page of pages) page.destroy();
  });
});
