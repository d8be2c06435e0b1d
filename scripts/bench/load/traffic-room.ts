import * as Y from "yjs";
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
  /** What the writer sends, in this order: the update with index n brings its clock n. */
  readonly frames: FrameSequence;
  /** Milliseconds from sending an update to its arrival at a reader, for each arrival. */
  readonly latencies: Samples;
}

/** One writer, and those who read what it writes. */
export class TrafficRoom {
  readonly #frames: FrameSequence;
  readonly #latencies: Samples;
  readonly #sentAt: Float64Array;
  /** Updates that have arrived, by reader. */
  readonly #delivered: number[];
  readonly #clients: Client[] = [];
  #writer: Client | undefined;
  #sent = 0;
  #acknowledged = 0;
  /** Called after every read that brought something. */
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
    const settled = () => this.progressed();
    for (let reader = 0; reader < readers; reader += 1) {
      const message = (kind: MessageKind, bytes: Uint8Array, start: number, length: number) => {
        if (kind !== "update") return;
        const next = (this.#delivered[reader] ?? 0) + 1;
        // Otherwise they come as they were sent, one by one, and need no look.
        this.#arrived(reader, dialect.mergesUpdates ? clockAfter(dialect.updateOf(bytes, start, length)) : next);
      };
      const keptBytes = dialect.mergesUpdates ? 65_536 : 128;
      this.#clients.push(await Client.join(server, document, { message, settled, keptBytes }));
    }
    const { acknowledgement } = dialect;
    const message = (kind: MessageKind) => {
      if (kind === acknowledgement) this.#acknowledged += 1;
    };
    this.#writer = await Client.join(server, document, { message, settled });
    this.#clients.push(this.#writer);
    if (acknowledgement === undefined) this.#acknowledged = Number.POSITIVE_INFINITY;
  }

  get connections(): number {
    return this.#clients.length;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Updates that have not arrived everywhere; where nobody reads, those that are not acknowledged. */
  get outstanding(): number {
    const arrived = this.#delivered.length === 0 ? [this.#acknowledged] : this.#delivered;
    return this.#sent - Math.min(this.#sent, ...arrived);
  }

  /** Whether every update has arrived everywhere and is acknowledged. */
  get isComplete(): boolean {
    return this.outstanding === 0 && this.#acknowledged >= this.#sent;
  }

  /** Why one of its connections was lost. */
  get failure(): string | undefined {
    return this.#clients.find(({ socket }) => socket.failure !== undefined)?.socket.failure;
  }

  /** Sends the next so many updates in one write. */
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

  /** Now this reader has the first `count` updates. */
  #arrived(reader: number, count: number): void {
    const now = performance.now();
    for (let index = this.#delivered[reader] ?? 0; index < count; index += 1) {
      this.#latencies.add(now - (this.#sentAt[index] ?? 0));
    }
    this.#delivered[reader] = count;
  }
}

function clockAfter(update: Uint8Array): number {
  return Y.parseUpdateMeta(update).to.get(writerId) ?? 0;
}
