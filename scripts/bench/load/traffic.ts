import { within } from "../../within.ts";
import type { RunningServer } from "../servers/server.ts";
import { Samples } from "../statistics.ts";
import { inTurn } from "./client.ts";
import { FrameSequence } from "./frames.ts";
import { sendEvenly } from "./send-evenly.ts";
import { TrafficRoom } from "./traffic-room.ts";

export interface TrafficOptions {
  readonly server: RunningServer;
  readonly rooms: number;
  /** The number of readers beside the one writer. */
  readonly readersPerRoom: number;
  /** The updates that the writer of each room sends, in this order. Each advances its writer's clock by one. */
  readonly updates: readonly Uint8Array[];
  /** The beginning of the rooms' names. */
  readonly prefix?: string;
}

/** The time limit of one phase, in addition to its planned duration. */
const phaseLimitMs = 60_000;

/** A number of rooms with a writer in each. */
export class Traffic {
  readonly latencies: Samples;
  readonly #rooms: readonly TrafficRoom[];

  private constructor(rooms: readonly TrafficRoom[], latencies: Samples) {
    this.#rooms = rooms;
    this.latencies = latencies;
  }

  static async open({ server, rooms, readersPerRoom, updates, prefix = "room" }: TrafficOptions): Promise<Traffic> {
    const latencies = new Samples();
    const opened: TrafficRoom[] = [];
    const framesOf = frameMaker(server, updates);
    // The frames are encoded before any client connects: this takes long, and servers close a connection that stays
    // silent.
    const documents = documentNames(prefix, rooms).map((document) => ({ document, frames: framesOf(document) }));
    await inTurn(documents, 20, async ({ document, frames }) => {
      opened.push(await TrafficRoom.open({ server, document, readers: readersPerRoom, frames, latencies }));
    });
    return new Traffic(opened, latencies);
  }

  get connections(): number {
    return this.#rooms.reduce((sum, room) => sum + room.connections, 0);
  }

  /**
   * Sends up to the `target`th update in every room, with at most `window` updates that have not arrived everywhere.
   */
  async flow(target: number, window: number): Promise<void> {
    const advance = (room: TrafficRoom) => {
      const { outstanding } = room;
      // Half a window goes out in one write, so that the server finds several frames in each read, as from a busy
      // writer.
      if (outstanding <= window / 2) room.send(Math.min(window - outstanding, target - room.sent));
    };
    const start = () => {
      for (const room of this.#rooms) advance(room);
    };
    await this.#phase(target, advance, { start, plannedMs: 0 });
  }

  /** Sends in one room after the other, `updatesPerSecond` in total, until each room has sent its `target`th update. */
  async pace(target: number, updatesPerSecond: number): Promise<void> {
    const rooms = this.#rooms;
    const total = rooms.reduce((sum, room) => sum + target - room.sent, 0);
    let stop = () => {};
    const start = () => {
      stop = sendEvenly({ total, perSecond: updatesPerSecond }, (index) => rooms[index % rooms.length]?.send(1));
    };
    try {
      await this.#phase(target, () => {}, { start, plannedMs: (total * 1000) / updatesPerSecond });
    } finally {
      stop();
    }
  }

  close(): void {
    for (const room of this.#rooms) room.close();
  }

  async #phase(target: number, advance: (room: TrafficRoom) => void, { start, plannedMs }: Phase): Promise<void> {
    const done = Promise.withResolvers<void>();
    const waiting = new Set(this.#rooms);
    for (const room of this.#rooms) {
      room.progressed = () => {
        advance(room);
        if (room.sent < target || !room.isComplete) return;
        waiting.delete(room);
        if (waiting.size === 0) done.resolve();
      };
    }
    const watch = setInterval(() => {
      const failure = this.#rooms.find((room) => room.failure !== undefined)?.failure;
      if (failure !== undefined) done.reject(new Error(failure));
    }, 100);
    try {
      start();
      await within(plannedMs + phaseLimitMs, `traffic up to update ${target}`, done.promise);
    } finally {
      clearInterval(watch);
    }
  }
}

interface Phase {
  readonly start: () => void;
  readonly plannedMs: number;
}

function documentNames(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** All documents share one sequence if the messages do not name their document. */
function frameMaker({ dialect }: RunningServer, updates: readonly Uint8Array[]): (document: string) => FrameSequence {
  const make = (document: string) => {
    const payloads = updates.map((update) => dialect.update(document, update));
    return new FrameSequence(payloads, dialect.opcode);
  };
  if (dialect.namesDocument) return make;
  const shared = make("");
  return () => shared;
}
