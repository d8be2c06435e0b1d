import type { AttackSocket } from "../../attack/attack-socket.ts";
import { bytesOf, type Candidate } from "./candidate.ts";
import type { CostKind } from "./cost-search.ts";
import { CostServer, type CostServerOptions } from "./cost-server.ts";

/** The cost of many plays of one candidate, on a server of its own, per byte that was sent. */
export interface ThoroughCost {
  /** The bytes of one play. */
  readonly bytes: number;
  /** CPU time of the main thread while the frames are handled. */
  readonly mainMicroseconds: number;
  /** CPU time of all threads after the connections are closed. */
  readonly lateMicroseconds: number;
  /** Resident memory that is left while the connections are open, beyond that of connections that send nothing. */
  readonly keptOpen: number;
  /** Resident memory that is left long after they are closed. */
  readonly keptClosed: number;
}

/** Costs are amortised over at least so many bytes. */
const fewestBytes = 64;

export const timeCost: CostKind = {
  name: "time",
  unit: "µs/byte",
  measure: async (server, candidate) => {
    const { mainMs, bytes } = await server.play(candidate);
    return (mainMs * 1_000) / Math.max(bytes, fewestBytes);
  },
  populationSize: 24,
  confirmations: 2,
};

/** Resident memory is measured to some megabytes, so that a measurement takes many bytes. */
const heldBytes = 300_000;
const mostHeldPlays = 30;

export const memoryCost: CostKind = {
  name: "memory",
  unit: "bytes kept/byte",
  measure: async (server, candidate) => {
    const plays = Math.min(mostHeldPlays, Math.ceil(heldBytes / Math.max(fewestBytes, bytesOf(candidate))));
    // The document of many structs is loaded once, whatever is sent.
    const idle = await hold(server, silentOf(candidate), 1);
    const before = await settledBytes(server);
    const { sockets, bytes } = await hold(server, candidate, plays);
    const after = await settledBytes(server);
    for (const socket of [...idle.sockets, ...sockets]) socket.destroy();
    return Math.max(0, after - before) / Math.max(bytes, fewestBytes * plays);
  },
  populationSize: 8,
  confirmations: 1,
};

const wantedBytes = 1_000_000;
const mostPlays = 60;
const warmUpPlays = 20;
const settleMs = 1_500;
/** Documents are compacted and unloaded in this time. */
const lateMs = 15_000;

export async function thoroughCost(candidate: Candidate, options: CostServerOptions): Promise<ThoroughCost> {
  await using server = await CostServer.start(options);
  const plays = Math.min(mostPlays, Math.ceil(wantedBytes / Math.max(fewestBytes, bytesOf(candidate))));
  for (let play = 0; play < warmUpPlays; play += 1) await server.play({ ...candidate, repeats: 1 });
  // Freed memory of the silent connections would hide what the others take, so they stay open.
  const atFirst = await settledBytes(server);
  const idle = await hold(server, silentOf(candidate), plays);
  const before = await settledBytes(server);
  const busy = await hold(server, candidate, plays);
  const open = await settledBytes(server);
  const allBefore = server.allThreadsMs;
  for (const socket of [...busy.sockets, ...idle.sockets]) socket.destroy();
  await Bun.sleep(lateMs);
  const lateMsSpent = server.allThreadsMs - allBefore;
  const closed = await settledBytes(server);
  const bytes = Math.max(fewestBytes * plays, busy.bytes);
  return {
    bytes: busy.bytes / plays,
    mainMicroseconds: (busy.mainMs * 1_000) / bytes,
    lateMicroseconds: Math.max(0, lateMsSpent * 1_000) / bytes,
    keptOpen: Math.max(0, open - before - Math.max(0, before - atFirst)) / bytes,
    keptClosed: Math.max(0, closed - atFirst) / bytes,
  };
}

/** A candidate whose connections send nothing. */
function silentOf(candidate: Candidate): Candidate {
  return { ...candidate, frames: [], repeats: 0 };
}

async function hold(server: CostServer, candidate: Candidate, plays: number) {
  const sockets: AttackSocket[] = [];
  let mainMs = 0;
  let bytes = 0;
  for (let play = 0; play < plays; play += 1) {
    const held = await server.begin(candidate);
    sockets.push(...held.sockets);
    mainMs += held.cost.mainMs;
    bytes += held.cost.bytes;
  }
  return { sockets, mainMs, bytes };
}

/** Resident memory after garbage had time to be collected. */
async function settledBytes(server: CostServer): Promise<number> {
  await server.quiet();
  await Bun.sleep(settleMs);
  return server.residentBytes;
}
