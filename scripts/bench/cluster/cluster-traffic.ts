import { within } from "../../within.ts";
import { Client, inTurn } from "../load/client.ts";
import type { MessageKind } from "../load/dialect.ts";
import { FrameSequence } from "../load/frames.ts";
import { sendEvenly } from "../load/send-evenly.ts";
import type { RunningServer } from "../servers/server.ts";
import { Samples } from "../statistics.ts";
import { Arrivals } from "./arrivals.ts";
import { inRandomOrder, updatesOf } from "./writing.ts";

export interface ClusterTrafficOptions {
  readonly nodes: readonly RunningServer[];
  readonly rooms: number;
  /** The updates of each writer. */
  readonly updates: number;
}

const keptBytes = 65_536;
/** The time limit of one phase, in addition to its planned duration. */
const phaseLimitMs = 60_000;

/** A client on one node that writes, and reads what those on the other nodes write. */
interface Writer {
  readonly client: Client;
  readonly frames: FrameSequence;
  readonly sentAt: Float64Array;
  sent: number;
}

/** Rooms with one writer on each node of a cluster. */
export class ClusterTraffic {
  /** Milliseconds from the sending of an update to its arrival at the client on another node. */
  readonly latencies = new Samples();
  readonly #rooms: Writer[][] = [];
  /** The number of arrivals that are left in this phase. */
  #left = 0;
  #completed: () => void = () => {};

  static async open({ nodes, rooms, updates }: ClusterTrafficOptions): Promise<ClusterTraffic> {
    const traffic = new ClusterTraffic();
    const written = nodes.map((_, writer) => updatesOf(writer, updates));
    const names = Array.from({ length: rooms }, (_, index) => `room-${index}`);
    const framesOf = frameMaker(nodes, written);
    await inTurn(names, 20, async (document) => traffic.#openRoom(document, nodes, framesOf(document)));
    return traffic;
  }

  get writers(): number {
    return this.#rooms.reduce((sum, room) => sum + room.length, 0);
  }

  /** Has each writer send `count` more updates, all together `perSecond`. Resolves when all have arrived on all nodes. */
  async pace(count: number, perSecond: number): Promise<void> {
    const order = inRandomOrder(this.#rooms.flat());
    const total = order.length * count;
    this.#left = this.#rooms.reduce((sum, room) => sum + room.length * (room.length - 1) * count, 0);
    const done = Promise.withResolvers<void>();
    this.#completed = done.resolve;
    const stop = sendEvenly({ total, perSecond }, (index) => send(order[index % order.length]));
    try {
      await within((total * 1_000) / perSecond + phaseLimitMs, `${total} updates of a cluster`, done.promise);
    } finally {
      stop();
    }
  }

  close(): void {
    for (const room of this.#rooms) for (const { client } of room) client.close();
  }

  async #openRoom(
    document: string,
    nodes: readonly RunningServer[],
    framesOf: readonly FrameSequence[],
  ): Promise<void> {
    const room: Writer[] = [];
    this.#rooms.push(room);
    for (const [index, node] of nodes.entries()) {
      const { dialect } = node;
      const arrivals = new Arrivals({
        writers: nodes.length,
        own: index,
        arrived: (writer, first, end) => this.#arrived(room[writer], first, end),
      });
      const message = (kind: MessageKind, bytes: Uint8Array, start: number, length: number) => {
        if (kind === "update") arrivals.read(bytes, dialect.updateOffset(bytes, start), start + length);
      };
      const frames = framesOf[index] ?? new FrameSequence([]);
      const client = await Client.join(node, document, { message, keptBytes });
      room.push({ client, frames, sentAt: new Float64Array(frames.count), sent: 0 });
    }
  }

  #arrived(writer: Writer | undefined, first: number, end: number): void {
    if (writer === undefined) return;
    const now = performance.now();
    for (let index = first; index < end; index += 1) this.latencies.add(now - (writer.sentAt[index] ?? 0));
    this.#left -= end - first;
    if (this.#left === 0) this.#completed();
  }
}

function send(writer: Writer | undefined): void {
  if (writer === undefined) return;
  writer.sentAt[writer.sent] = performance.now();
  writer.client.socket.write(writer.frames.slice(writer.sent, writer.sent + 1));
  writer.sent += 1;
}

/** All documents share the frames of a writer if messages do not name their document. */
function frameMaker(
  nodes: readonly RunningServer[],
  written: readonly (readonly Uint8Array[])[],
): (document: string) => readonly FrameSequence[] {
  const make = (document: string) =>
    nodes.map(({ dialect }, writer) => {
      const payloads = (written[writer] ?? []).map((update) => dialect.update(document, update));
      return new FrameSequence(payloads, dialect.opcode);
    });
  if (nodes.some(({ dialect }) => dialect.namesDocument)) return make;
  const shared = make("");
  return () => shared;
}
