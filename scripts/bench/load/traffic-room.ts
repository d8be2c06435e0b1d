import * as Y from "yjs";
import { FastUpdate } from "../../../src/relay/update/fast/fast-update.ts";
import type { RunningServer } from "../servers/server.ts";
import type { Samples } from "../statistics.ts";
import { Client } from "./client.ts";
import type { MessageKind } from "./dialect.ts";
import type { FrameSequence } from "./frames.ts";
import { writerId } from "./updates.ts";

export interface TrafficRoomOptions {
  readonly server: RunningServer;
  readonly document: string;
  readonly readers: number;
  /** The writer's frames, in this order: the update with index n advances its clock to n. */
  readonly frames: FrameSequence;
  /** Milliseconds from sending an update to its arrival at a reader, one value per arrival. */
  readonly latencies: Samples;
}

/** One writer and the readers of its document. */
export class TrafficRoom {
  readonly #frames: FrameSequence;
  readonly #latencies: Samples;
  readonly #sentAt: Float64Array;
  /** The number of updates that have arrived, by reader. */
  readonly #delivered: number[];
  readonly #clients: Client[] = [];
  readonly #found = new FastUpdate();
  #writer: Client | undefined;
  #sent = 0;
  #acknowledged = 0;
  /** Called after every read that brought an update or an acknowledgement. */
  progressed: () => void = () => {};

  private constructor({ frames, latencies, readers }: TrafficRoomOptions) {
    this.#frames = frames;
    this.#latencies = latencies;
    this.#sentAt = new Float64Array(frames.count);
    this.#delivered = Array.from({ length: readers }, () => 0);
  }

  static async open(options: TrafficRoomOptions): Promise<TrafficRoom> {
    const room = new TrafficRoom(options);
    await room.#join(options);
    return room;
  }

  async #join({ server, document, readers }: TrafficRoomOptions): Promise<void> {
    const { dialect } = server;
    const readEnded = () => this.progressed();
    for (let reader = 0; reader < readers; reader += 1) {
      const message = (kind: MessageKind, bytes: Uint8Array, start: number, length: number) => {
        if (kind !== "update") return;
        // Without merging, updates arrive one by one in the order of sending, so they are not decoded.
        const count = dialect.mergesUpdates
          ? this.#clockAfter(bytes, dialect.updateOffset(bytes, start), start + length)
          : (this.#delivered[reader] ?? 0) + 1;
        this.#arrived(reader, count);
      };
      const keptBytes = dialect.mergesUpdates ? 65_536 : 128;
      this.#clients.push(await Client.join(server, document, { message, readEnded, keptBytes }));
    }
    const { acknowledgement } = dialect;
    const message = (kind: MessageKind) => {
      if (kind === acknowledgement) this.#acknowledged += 1;
    };
    this.#writer = await Client.join(server, document, { message, readEnded });
    this.#clients.push(this.#writer);
    if (acknowledgement === undefined) this.#acknowledged = Number.POSITIVE_INFINITY;
  }

  get connections(): number {
    return this.#clients.length;
  }

  get sent(): number {
    return this.#sent;
  }

  /** The number of updates that have not arrived at every reader. Without readers: those that are not acknowledged. */
  get outstanding(): number {
    const arrived = this.#delivered.length === 0 ? [this.#acknowledged] : this.#delivered;
    return this.#sent - Math.min(this.#sent, ...arrived);
  }

  /** True if every update has arrived at every reader and is acknowledged. */
  get isComplete(): boolean {
    return this.outstanding === 0 && this.#acknowledged >= this.#sent;
  }

  /** The reason why one of its connections was lost. */
  get failure(): string | undefined {
    return this.#clients.find(({ socket }) => socket.failure !== undefined)?.socket.failure;
  }

  /** Sends the next `count` updates in one write. */
  send(count: number): void {
    const end = Math.min(this.#sent + count, this.#frames.count);
    this.#sentAt.fill(performance.now(), this.#sent, end);
    const frames = this.#frames.slice(this.#sent, end);
    this.#sent = end;
    this.#writer?.socket.write(frames);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** The writer's clock after the update at [start, end): the number of updates that have arrived. */
  #clockAfter(bytes: Uint8Array, start: number, end: number): number {
    const found = this.#found;
    // Yjs takes some microseconds per update, and some servers merge few of them.
    if (found.read(bytes, start, end) && found.client === writerId) return found.endClock;
    return Y.parseUpdateMeta(bytes.subarray(start, end)).to.get(writerId) ?? 0;
  }

  /** Records that this reader has the first `count` updates. */
  #arrived(reader: number, count: number): void {
    const now = performance.now();
    for (let index = this.#delivered[reader] ?? 0; index < count; index += 1) {
      this.#latencies.add(now - (this.#sentAt[index] ?? 0));
    }
    this.#delivered[reader] = count;
  }
}
