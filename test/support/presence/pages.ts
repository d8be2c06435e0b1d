import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  Awareness as YAwareness,
} from "y-protocols/awareness";
import * as Y from "yjs";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { Ticker } from "../../../src/lib/time/ticker.ts";
import { Awareness } from "../../../src/relay/awareness/awareness.ts";
import type { AwarenessAudience } from "../../../src/relay/awareness/awareness-audience.ts";
import { decodeAwareness } from "../../../src/relay/awareness/awareness-codec.ts";
import type { AwarenessOwner } from "../../../src/relay/awareness/awareness-owner.ts";
import type { RoomNodes } from "../../../src/relay/awareness/nodes/node-presence.ts";
import type { Random } from "../bytes/random.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { testPulse } from "../test-pulse.ts";

/** The changes that y-protocols reports. */
type Change = Record<"added" | "updated" | "removed", number[]>;

/** A network in which each link keeps its order, and the links are served in any order. */
export class Network {
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
  cut(link: string, kept = this.#random.integer((this.#links.get(link)?.length ?? 0) + 1)): void {
    this.#links.get(link)?.splice(kept);
  }

  get hasWaiting(): boolean {
    return [...this.#links.values()].some(({ length }) => length > 0);
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
export class Server {
  readonly clock: FakeClock;
  readonly room: Awareness<string>;
  readonly #members = new Map<string, Receiver>();
  readonly #subscribed = new Set<string>();
  broadcasts = 0;

  /** `nodes`: the other nodes of its cluster. */
  constructor({ clock = new FakeClock(), nodes }: { readonly clock?: FakeClock; readonly nodes?: RoomNodes } = {}) {
    this.clock = clock;
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
    this.room = new Awareness({ clock, limits: defaultLimits, audience, nodes }, owner);
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

export interface Kind {
  /** Whether the clients pass the states on among themselves, as over WebRTC. */
  readonly isMesh: boolean;
  /** Whether all clients have a state at any time; otherwise some set it late, or remove it. */
  readonly isPresent: boolean;
}

export interface World {
  readonly kind: Kind;
  /** The server that a page connects to next. */
  readonly server: Server;
  readonly network: Network;
  readonly random: Random;
  readonly pages: Page[];
  /** Whether the network can separate what a client sends at once. */
  readonly separates: boolean;
}

/** A page with one provider, as y-websocket's and Hocuspocus' providers behave, and perhaps a mesh of WebRTC. */
export class Page implements Receiver {
  readonly id: number;
  readonly awareness: YAwareness;
  readonly #name: string;
  readonly #world: World;
  readonly #isInMesh: boolean;
  /** Providers of Hocuspocus 4 do not send what they have received from the server. */
  readonly #sendsBack: boolean;
  #connections = 0;
  #member: string | undefined;
  /** The server of the last connection. */
  #server: Server;
  isAlive = true;

  constructor(name: string, world: World) {
    const doc = new Y.Doc();
    doc.clientID = 1 + world.pages.length;
    this.id = doc.clientID;
    this.awareness = new YAwareness(doc);
    this.#name = name;
    this.#world = world;
    this.#server = world.server;
    // A client of the mesh that disconnects removes the others for all of it. Those outside do not learn this, and are
    // back with their next renewal.
    this.#isInMesh = world.kind.isMesh && (world.kind.isPresent || world.random.chance(0.7));
    this.#sendsBack = world.random.chance(0.7);
    if (!world.kind.isPresent && world.random.chance(0.4)) this.awareness.setLocalState(null);
    this.awareness.on("update", (change: Change, origin: unknown) => this.#updated(change, origin));
  }

  get server(): Server {
    return this.#server;
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
    const { random, separates, server } = this.#world;
    this.#server = server;
    server.join(member, this);
    const own = this.hasState ? this.#encoded([this.id]) : undefined;
    const sendOwn = () => void (own !== undefined && server.room.updateReceived(member, own));
    // The own state is sent together with SyncStep1, and is late only on a bad network.
    const isTogether = !separates || random.chance(0.5);
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
    const { network, random } = this.#world;
    const server = this.#server;
    if (random.chance(0.5)) {
      const removal = this.#encoded([this.id], new Map());
      this.#send(() => server.room.updateReceived(member, removal));
    } else network.cut(`${member} up`);
    this.#member = undefined;
    network.send(`${member} up`, () => server.leave(member));
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.id);
    removeAwarenessStates(this.awareness, others, "server");
  }

  /** Its server ends, and nothing that was under way arrives. */
  serverEnded(): void {
    const member = this.#member;
    if (member === undefined) return;
    this.#world.network.cut(`${member} up`, 0);
    this.#member = undefined;
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.id);
    removeAwarenessStates(this.awareness, others, "server");
  }

  crash(): void {
    this.isAlive = false;
    const member = this.#member;
    this.#member = undefined;
    if (member === undefined) return;
    const { network } = this.#world;
    const server = this.#server;
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
    const server = this.#server;
    this.#send(() => server.room.updateReceived(member, body));
  }

  #send(arrive: () => void): void {
    if (this.#member !== undefined) this.#world.network.send(`${this.#member} up`, arrive);
  }

  #encoded(ids: readonly number[], states = this.awareness.getStates()): Uint8Array {
    return encodeAwarenessUpdate(this.awareness, [...ids], states);
  }
}
