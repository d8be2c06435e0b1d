import { readdirSync, readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { providerFrames } from "../../../../test/support/bytes/hocuspocus-frames.ts";
import { residentBytes } from "../../../bench/process-stats.ts";
import { within } from "../../../within.ts";
import { AttackSocket, frame } from "../../attack/attack-socket.ts";
import { ServerProcess } from "../../server-process.ts";
import { type Candidate, type CostProtocol, seededRoom, wireBytes } from "./candidate.ts";

export interface CostServerOptions {
  /** A folder in which a data folder is made for each server. */
  readonly folder: string;
  /** The data folder that is copied. */
  readonly template: string;
  readonly executable: string;
}

/** The cost of one play. */
export interface PlayCost {
  /** CPU time of the server's main thread until it was quiet again, or until the play was given up. */
  readonly mainMs: number;
  readonly bytes: number;
}

const limitMs = 20_000;
const pollMs = 3;
/** So many quiet polls in a row end a play. */
const quietPolls = 3;
const quietCpuMs = 0.25;
/** A play whose frames wait for a rate is given up. */
const playLimitMs = 2_000;
const nanosecondsPerMs = 1e6;

const paths: Readonly<Record<CostProtocol, (room: string) => string>> = {
  sync: (room) => `/sync/${room}`,
  collab: () => "/collab",
  signal: () => "/signal",
  rooms: () => "/signal",
  peerjs: (room) => `/peerjs/peerjs?key=peerjs&id=${room}&token=${room}`,
  peers: () => "/socket.io/?EIO=4&transport=websocket",
};

/** The frames that a connection sends before the candidate's. */
const prologues: Readonly<Record<CostProtocol, (room: string) => readonly Uint8Array[]>> = {
  sync: () => [frame(Uint8Array.of(0, 0, 1, 0))],
  collab: (room) => [frame(providerFrames(room).auth()), frame(providerFrames(room).step1())],
  signal: (room) => [frame(JSON.stringify({ type: "subscribe", topics: [room] }))],
  rooms: () => [],
  peerjs: () => [],
  peers: (room) => [frame("40"), frame(`42${JSON.stringify(["device-registered", room])}`)],
};

/** A server that candidates are played to, one after the other. */
export class CostServer implements AsyncDisposable {
  readonly #process: ServerProcess;
  readonly #dataFolder: string;
  readonly #port: number;
  #plays = 0;
  static #started = 0;

  private constructor(process: ServerProcess, dataFolder: string, port: number) {
    this.#process = process;
    this.#dataFolder = dataFolder;
    this.#port = port;
  }

  static async start({ folder, template, executable }: CostServerOptions): Promise<CostServer> {
    CostServer.#started += 1;
    const dataFolder = join(folder, `cost-${CostServer.#started}`);
    await cp(template, dataFolder, { recursive: true });
    const process = new ServerProcess({ dataFolder, executable });
    return new CostServer(process, dataFolder, await within(limitMs, "the server listens", process.port()));
  }

  get plays(): number {
    return this.#plays;
  }

  get hasEnded(): boolean {
    return this.#process.hasEnded;
  }

  get troubles(): readonly string[] {
    return this.#process.troubles;
  }

  get residentBytes(): number {
    return residentBytes(this.#process.pid);
  }

  /** CPU time of all threads of the process. */
  get allThreadsMs(): number {
    const folder = `/proc/${this.#process.pid}/task`;
    return readdirSync(folder).reduce((sum, task) => sum + cpuOf(join(folder, task, "schedstat")), 0);
  }

  /** False while the main thread runs or waits for a core: on a busy machine it may wait long. */
  get #sleeps(): boolean {
    const stat = readFileSync(`/proc/${this.#process.pid}/task/${this.#process.pid}/stat`, "utf8");
    return stat[stat.lastIndexOf(")") + 2] === "S";
  }

  get #mainMs(): number {
    return cpuOf(`/proc/${this.#process.pid}/schedstat`);
  }

  /** Plays a candidate in a room of its own, and closes the connections. */
  async play(candidate: Candidate): Promise<PlayCost> {
    const held = await this.begin(candidate);
    for (const socket of held.sockets) socket.destroy();
    return held.cost;
  }

  /** Plays a candidate, and keeps the connections open. */
  async begin(candidate: Candidate): Promise<{ readonly cost: PlayCost; readonly sockets: readonly AttackSocket[] }> {
    this.#plays += 1;
    const { protocol, connections, isSeeded } = candidate;
    const room = isSeeded ? seededRoom : `cost-${String(this.#plays).padStart(6, "0")}`;
    const sockets: AttackSocket[] = [];
    for (let index = 0; index < connections; index += 1) {
      const path = paths[protocol](index === 0 ? room : `${room}-${index}`.slice(-11));
      // Every connection of a document joins the same one.
      const socket = await AttackSocket.open(this.#port, {
        path: protocol === "sync" ? paths.sync(room) : path,
        address: "127.0.0.1",
        sending: () => Promise.resolve(),
      });
      if (socket === undefined) throw new Error(`the server refuses ${path}`);
      sockets.push(socket);
      await socket.write(Buffer.concat([...prologues[protocol](room)]));
    }
    await this.quiet();
    const wires = wireBytes(candidate, room);
    const before = this.#mainMs;
    await Promise.race([
      Promise.all(sockets.map((socket, index) => socket.write(wires[index] ?? new Uint8Array()))),
      Bun.sleep(playLimitMs),
    ]);
    await this.quiet();
    const bytes = wires.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { cost: { mainMs: this.#mainMs - before, bytes }, sockets };
  }

  /** Resolves when the main thread has nothing to do, or at a limit. */
  async quiet(withinMs = playLimitMs): Promise<void> {
    const startedAt = performance.now();
    for (let quiet = 0, last = this.#mainMs; quiet < quietPolls && performance.now() - startedAt < withinMs; ) {
      await Bun.sleep(pollMs);
      const now = this.#mainMs;
      quiet = now - last <= quietCpuMs && this.#sleeps ? quiet + 1 : 0;
      last = now;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await rm(this.#dataFolder, { recursive: true, force: true });
  }
}

/** The time on a core, in milliseconds, from the first number of a schedstat file; 0 for a thread that has ended. */
function cpuOf(file: string): number {
  try {
    return Number(readFileSync(file, "utf8").split(" ")[0]) / nanosecondsPerMs;
  } catch {
    return 0;
  }
}
