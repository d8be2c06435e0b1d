import * as decoding from "lib0/decoding";
import { within } from "../../within.ts";
import { Client } from "../load/client.ts";
import { FrameSequence } from "../load/frames.ts";
import { bytesOf } from "../load/var-int.ts";
import { bodyAt } from "../load/y-websocket-dialect.ts";
import { costOf, shares } from "../measurement.ts";
import { shareMetrics } from "../metric.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile, Samples } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const clients = 50;
const movesPerSecond = 20;
/** The number of moves of each client. */
const movesOf = { full: 160, quick: 10 } as const;
const warmUp = 10;
const document = "presence";
const firstClientId = 2_000_000_000;
/** The number of members that decode the states that arrive; the others only receive them. */
const observers = 5;
/** A frame with the states of all clients must fit. */
const keptBytes = 65_536;

/** All clients move their cursors. */
export const cursors: Scenario = {
  name: "cursors",
  about: `${clients} clients in one room, each moves its cursor ${movesPerSecond} times a second; from a move until the others have it`,
  needs: "presence",
  metrics: [
    { key: "serverShare", label: "server", unit: "% core", digits: 1, goal: { atMost: 15 } },
    { key: "p50", label: "p50", unit: "ms", digits: 1 },
    { key: "p99", label: "p99", unit: "ms", digits: 1, goal: { atMost: 40 } },
    { key: "frames", label: "frames to each", unit: "/s", digits: 0 },
    ...shareMetrics.filter(({ key }) => key !== "serverShare"),
  ],
  run: async (target, size) => {
    const server = await target.start();
    const crowd = await Crowd.join(server, warmUp + movesOf[size]);
    await crowd.move(warmUp);
    crowd.forget();
    const cost = await costOf(server.pid, () => crowd.move(warmUp + movesOf[size]));
    const latencies = crowd.latencies.values;
    const measurement = {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      frames: (crowd.frames * 1000) / clients / cost.wallMs,
      ...shares(cost),
    };
    crowd.close();
    await server.stop();
    return measurement;
  },
};

class Crowd {
  readonly latencies = new Samples();
  /** The number of awareness frames that arrived, for all members together. */
  frames = 0;
  readonly #members: Client[] = [];
  readonly #moves: readonly FrameSequence[];
  /** The time of sending, by client, then by clock. */
  readonly #sentAt: readonly Float64Array[];
  #moved = 0;
  /** The highest clock of each client that an observer has seen, per observer. */
  readonly #seen = Array.from({ length: observers }, () => new Uint32Array(clients));
  #progressed: () => void = () => {};

  private constructor({ dialect }: RunningServer, moves: number) {
    this.#moves = Array.from({ length: clients }, (_, client) => {
      const clocks = Array.from({ length: moves }, (_, index) => index + 1);
      return new FrameSequence(clocks.map((clock) => dialect.awareness(document, encodeState(client, clock))));
    });
    this.#sentAt = Array.from({ length: clients }, () => new Float64Array(moves + 1));
  }

  static async join(server: RunningServer, moves: number): Promise<Crowd> {
    const crowd = new Crowd(server, moves);
    const { dialect } = server;
    const offset = dialect.awarenessOffset(document);
    for (let member = 0; member < clients; member += 1) {
      const message = (kind: string, bytes: Uint8Array, start: number, length: number) => {
        if (kind !== "awareness") return;
        crowd.frames += 1;
        if (member < observers) crowd.#look(member, bodyAt(bytes, start + offset, start + length));
      };
      crowd.#members.push(await Client.join(server, document, { message, keptBytes }));
    }
    return crowd;
  }

  /**
   * Moves all cursors until each client has moved `target` times. Resolves when the observers have seen every last
   * position.
   */
  async move(target: number): Promise<void> {
    const startedAt = performance.now();
    const first = this.#moved * clients;
    const last = target * clients;
    let sent = first;
    const tick = () => {
      const elapsedMs = performance.now() - startedAt;
      const due = Math.min(last, first + Math.floor((elapsedMs * clients * movesPerSecond) / 1000));
      for (; sent < due; sent += 1) this.#send(sent % clients, Math.floor(sent / clients));
    };
    const done = Promise.withResolvers<void>();
    this.#progressed = () => {
      if (sent === last && this.#haveAllSeen(target)) done.resolve();
    };
    const timer = setInterval(tick, 1);
    try {
      await within(30_000, "seeing all cursors", done.promise);
    } finally {
      clearInterval(timer);
    }
    this.#moved = target;
  }

  forget(): void {
    this.latencies.clear();
    this.frames = 0;
  }

  close(): void {
    for (const member of this.#members) member.close();
  }

  #send(client: number, move: number): void {
    const sentAt = this.#sentAt[client];
    if (sentAt !== undefined) sentAt[move + 1] = performance.now();
    this.#members[client]?.socket.write(this.#moves[client]?.slice(move, move + 1) ?? new Uint8Array());
  }

  /**
   * The age of a state is measured from the time at which its clock was sent. The observer's own states and `null`
   * states, which are answers to queries, do not count.
   */
  #look(observer: number, body: Uint8Array): void {
    const now = performance.now();
    const seen = this.#seen[observer] ?? new Uint32Array(clients);
    for (const { client, clock } of decodeClocks(body)) {
      if (client === observer || clock <= (seen[client] ?? 0)) continue;
      seen[client] = clock;
      this.latencies.add(now - (this.#sentAt[client]?.[clock] ?? Number.NaN));
    }
    this.#progressed();
  }

  #haveAllSeen(clock: number): boolean {
    return this.#seen.every((seen, observer) => seen.every((value, client) => client === observer || value >= clock));
  }
}

/** Encodes a state as an editor does: name, colors and cursor position. */
function encodeState(client: number, clock: number): Uint8Array {
  const user = { name: `Person ${client}`, color: "#0a7d6c", colorLight: "#0a7d6c33" };
  const at = { type: null, tname: "text", item: { client: 1_000_000_000, clock }, assoc: 0 };
  return bytesOf(1, firstClientId + client, clock, JSON.stringify({ user, cursor: { anchor: at, head: at } }));
}

interface Clock {
  readonly client: number;
  readonly clock: number;
}

function decodeClocks(body: Uint8Array): readonly Clock[] {
  const decoder = decoding.createDecoder(body);
  return Array.from({ length: decoding.readVarUint(decoder) }, () => {
    const client = decoding.readVarUint(decoder) - firstClientId;
    const clock = decoding.readVarUint(decoder);
    decoding.readVarUint8Array(decoder);
    return { client, clock };
  });
}
