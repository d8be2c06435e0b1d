import type { Frame } from "../../../../src/transport/connection.ts";
import { SessionRunner } from "../../../../src/transport/session-runner.ts";
import { within } from "../../../within.ts";
import { sendEvenly } from "../../load/send-evenly.ts";
import { yWebsocketDialect } from "../../load/y-websocket-dialect.ts";
import { Arrivals } from "../arrivals.ts";
import { inRandomOrder, updatesOf } from "../writing.ts";
import { LocalConnection } from "./local-connection.ts";
import type { NodeRooms } from "./node-rooms.ts";

/** The members that a node has, and what they write. */
export interface NodeLoad {
  /** The number of the node, from 0, which is that of its writer in each room. */
  readonly node: number;
  readonly nodes: number;
  readonly rooms: number;
  /** The updates of each writer. */
  readonly updates: number;
}

/**
 * Moments on one node, in epoch milliseconds with fractions, so that they can be compared with those of the other nodes of
 * the machine. Each list has the updates of a writer in the first room, then those in the second, and so on.
 */
export interface NodeTimes {
  /** When the node's own updates were created. */
  readonly createdAt: Float64Array;
  /** When those of the others were delivered to its own members, by the number of the writer; its own are 0. */
  readonly deliveredAt: readonly Float64Array[];
}

interface Member {
  readonly room: number;
  readonly runner: SessionRunner<LocalConnection>;
  /** The number of its updates that were submitted. */
  sent: number;
}

const dialect = yWebsocketDialect("/sync/", { mergesUpdates: true });
const joinLimitMs = 30_000;
/** The time limit of one phase, in addition to its planned duration. */
const phaseLimitMs = 60_000;

/** One member in each room of a node, which writes, and receives what those on the other nodes write. */
export class NodeTraffic {
  readonly #load: NodeLoad;
  readonly #messages: readonly Uint8Array[];
  readonly #createdAt: Float64Array;
  readonly #deliveredAt: readonly Float64Array[];
  #members: readonly Member[] = [];
  /** The deliveries that were awaited in the phases so far, and those that have come. */
  #awaited = 0;
  #delivered = 0;
  #completed: () => void = () => {};
  readonly #failed = Promise.withResolvers<never>();

  /** Resolves when all members are in sync. */
  static async join(rooms: NodeRooms, load: NodeLoad): Promise<NodeTraffic> {
    const traffic = new NodeTraffic(load);
    traffic.#members = await Promise.all(Array.from({ length: load.rooms }, (_, room) => traffic.#join(rooms, room)));
    return traffic;
  }

  private constructor(load: NodeLoad) {
    this.#load = load;
    this.#messages = updatesOf(load.node, load.updates).map((update) => dialect.update("", update));
    const moments = () => new Float64Array(load.rooms * load.updates);
    this.#createdAt = moments();
    this.#deliveredAt = Array.from({ length: load.nodes }, moments);
    this.#failed.promise.catch(() => {});
  }

  get times(): NodeTimes {
    return { createdAt: this.#createdAt, deliveredAt: this.#deliveredAt };
  }

  /**
   * Has each member submit `count` more updates, all together `perSecond`, as it is told to on each node. Resolves when the
   * updates of the other nodes have been delivered as well.
   */
  async pace(count: number, perSecond: number): Promise<void> {
    const { nodes, node, rooms } = this.#load;
    const order = inRandomOrder(this.#members, node + 1);
    const total = order.length * count;
    this.#awaited += (nodes - 1) * rooms * count;
    const delivered = Promise.withResolvers<void>();
    const sent = Promise.withResolvers<void>();
    this.#completed = delivered.resolve;
    this.#check();
    const stop = sendEvenly({ total, perSecond }, (index) => {
      this.#submit(order[index % order.length]);
      if (index === total - 1) sent.resolve();
    });
    try {
      const done = Promise.race([Promise.all([sent.promise, delivered.promise]), this.#failed.promise]);
      await within((total * 1_000) / perSecond + phaseLimitMs, `${total} updates of a node`, done);
    } finally {
      stop();
    }
  }

  /** Ends all sessions. */
  leave(): void {
    for (const { runner } of this.#members) runner.gone();
  }

  async #join({ protocol, runner: shared }: NodeRooms, room: number): Promise<Member> {
    const document = `room-${room}`;
    const synced = Promise.withResolvers<void>();
    const { node, nodes, updates } = this.#load;
    const arrivals = new Arrivals({
      writers: nodes,
      own: node,
      arrived: (writer, first, end) => this.#arrived(writer, room * updates + first, room * updates + end),
    });
    const received = (frame: Frame) => {
      if (typeof frame === "string") return;
      const kind = dialect.kindOf(frame, 0, frame.length);
      if (kind === "update") arrivals.read(frame, dialect.updateOffset(frame, 0), frame.length);
      else if (kind === "synced") synced.resolve();
    };
    const { scheduler } = shared;
    const connection = {
      id: document,
      protocol: protocol.name,
      scheduler,
      received,
      closed: ({ name }: { readonly name: string }, detail = "") =>
        this.#failed.reject(new Error(`the server has closed a connection: ${name} ${detail}`)),
    };
    const runner = new SessionRunner(
      {
        protocol,
        handshake: { href: `ws://localhost${dialect.path(document)}`, origin: undefined, headerToken: undefined },
        connect: (owner) => new LocalConnection(connection, owner),
      },
      { ...shared, ended: () => {} },
    );
    for (const hello of dialect.hello(document)) runner.receive(hello);
    await within(joinLimitMs, `first sync of ${document}`, Promise.race([synced.promise, this.#failed.promise]));
    return { room, runner, sent: 0 };
  }

  #submit(member: Member | undefined): void {
    const message = member && this.#messages[member.sent];
    if (member === undefined || message === undefined) return;
    this.#createdAt[member.room * this.#load.updates + member.sent] = now();
    member.sent += 1;
    member.runner.receive(message);
  }

  #arrived(writer: number, first: number, end: number): void {
    this.#deliveredAt[writer]?.fill(now(), first, end);
    this.#delivered += end - first;
    this.#check();
  }

  #check(): void {
    if (this.#delivered >= this.#awaited) this.#completed();
  }
}

/** The clock of all processes of this machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
