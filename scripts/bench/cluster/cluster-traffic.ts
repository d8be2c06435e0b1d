import * as Y from "yjs";
import { FastUpdate } from "../../../src/relay/update/fast/fast-update.ts";
import { within } from "../../within.ts";
import { Client, inTurn } from "../load/client.ts";
import type { MessageKind } from "../load/dialect.ts";
import { FrameSequence } from "../load/frames.ts";
import { Random } from "../load/random.ts";
import type { RunningServer } from "../servers/server.ts";
import { Samples } from "../statistics.ts";

export interface ClusterTrafficOptions {
  readonly nodes: readonly RunningServer[];
  readonly rooms: number;
  /** The updates of each writer. */
  readonly updates: number;
}

const firstWriterId = 1_000_000_000;
/** An update has about 30 bytes. */
const typed = "abcdefgh";
const keptBytes = 65_536;
/** The time limit of one phase, in addition to its planned duration. */
const phaseLimitMs = 60_000;

/** A client on one node that writes, and reads what those on the other nodes write. */
interface Writer {
  readonly client: Client;
  readonly frames: FrameSequence;
  readonly sentAt: Float64Array;
  sent: number;
  /** The number of updates that have arrived from each writer of the room. */
  readonly arrived: Uint32Array;
}

/** Rooms with one writer on each node of a cluster. */
export class ClusterTraffic {
  /** Milliseconds from the sending of an update to its arrival at the client on another node. */
  readonly latencies = new Samples();
  readonly #rooms: Writer[][] = [];
  readonly #found = new FastUpdate();
  /** The number of arrivals that are left in this phase. */
  #left = 0;
  #completed: () => void = () => {};

  static async open({ nodes, rooms, updates }: ClusterTrafficOptions): Promise<ClusterTraffic> {
    const traffic = new ClusterTraffic();
    const written = nodes.map((_, writer) => updatesOf(firstWriterId + writer, updates));
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
    // The writers of a room take their turns far from each other, as people do.
    const random = new Random(1);
    const order = this.#rooms
      .flat()
      .map((writer) => ({ writer, rank: random.integer(2 ** 31) }))
      .sort((left, right) => left.rank - right.rank);
    const total = order.length * count;
    this.#left = this.#rooms.reduce((sum, room) => sum + room.length * (room.length - 1) * count, 0);
    const done = Promise.withResolvers<void>();
    this.#completed = done.resolve;
    const startedAt = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1_000));
      for (; sent < due; sent += 1) send(order[sent % order.length]?.writer);
    }, 1);
    try {
      await within((total * 1_000) / perSecond + phaseLimitMs, `${total} updates of a cluster`, done.promise);
    } finally {
      clearInterval(timer);
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
      const arrived = new Uint32Array(nodes.length);
      const message = (kind: MessageKind, bytes: Uint8Array, start: number, length: number) => {
        if (kind !== "update") return;
        for (const [client, clock] of this.#clocksAfter(bytes, dialect.updateOffset(bytes, start), start + length))
          if (client - firstWriterId !== index) this.#received(room, arrived, client - firstWriterId, clock);
      };
      const frames = framesOf[index] ?? new FrameSequence([]);
      const client = await Client.join(node, document, { message, keptBytes });
      room.push({ client, frames, sentAt: new Float64Array(frames.count), sent: 0, arrived });
    }
  }

  /** The clocks of the writers after the update at [start, end). */
  *#clocksAfter(bytes: Uint8Array, start: number, end: number): Iterable<readonly [client: number, clock: number]> {
    const found = this.#found;
    if (found.read(bytes, start, end) && found.client >= 0) yield [found.client, found.endClock];
    else yield* Y.parseUpdateMeta(bytes.subarray(start, end)).to;
  }

  #received(room: readonly Writer[], arrived: Uint32Array, writer: number, clock: number): void {
    const count = clock / typed.length;
    const before = arrived[writer] ?? 0;
    const sentAt = room[writer]?.sentAt;
    if (sentAt === undefined || count <= before) return;
    const now = performance.now();
    for (let index = before; index < count; index += 1) this.latencies.add(now - (sentAt[index] ?? 0));
    arrived[writer] = count;
    this.#left -= count - before;
    if (this.#left === 0) this.#completed();
  }
}

function send(writer: Writer | undefined): void {
  if (writer === undefined) return;
  writer.sentAt[writer.sent] = performance.now();
  writer.client.socket.write(writer.frames.slice(writer.sent, writer.sent + 1));
  writer.sent += 1;
}

/** The updates of one writer, who types at the end of a text of its own. */
function updatesOf(clientId: number, count: number): readonly Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const text = doc.getText(`text ${clientId}`);
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < count; index += 1) text.insert(text.length, typed);
  doc.destroy();
  return updates;
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
