import { EchoLinks } from "../load/turn/echo-links.ts";
import type { TurnAccess } from "../load/turn/turn-access.ts";
import { type Cost, costOf, type Measurement, shares } from "../measurement.ts";
import { shareMetrics } from "../metric.ts";
import { separate } from "../pinning.ts";
import { atRest, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import type { Scenario, Size, Target } from "./scenario.ts";

const clients = 20;
/** A packet and its echo are relayed once each. */
const relaysPerEcho = 2;
const relayedPerSecond = 10_000;
/** The rates at which losses are looked for. */
const rates = [20_000, 25_000, 30_000, 35_000, 40_000, 50_000, 60_000];
/** Slow enough that packets do not wait for each other. */
const latencyPerSecond = 500;
const secondsOf = { full: 10, quick: 1 } as const;
const stepSecondsOf = { full: 3, quick: 1 } as const;
const allocationsOf = { full: 2_000, quick: 100 } as const;

/** Clients with allocations and channels, each with a peer that echoes. Server and load have a core each. */
export const turn: Scenario = {
  name: "turn",
  about:
    "20 clients with channels and a peer each that echoes packets of 200 bytes, over UDP: CPU at 10,000 relayed packets/s, with channels and with indications, the losses at 20,000/s and more, the time that relaying adds at 1,000/s; memory of 2,000 allocations with a channel",
  needs: "turn",
  metrics: [
    { key: "cpuPerPacket", label: "CPU", unit: "µs/packet", digits: 1, goal: { times: 1.5, of: "coturn" } },
    {
      key: "cpuPerIndication",
      label: "with indications",
      unit: "µs/packet",
      digits: 1,
      goal: { times: 1.5, of: "coturn" },
    },
    { key: "lost", label: "lost at 20,000/s", unit: "‰", digits: 2, goal: { atMost: 0 } },
    { key: "lossless", label: "most without loss", unit: "packets/s", digits: 0 },
    { key: "added", label: "added p50, both ways", unit: "ms", digits: 3, goal: { times: 1.2, of: "coturn" } },
    { key: "p99", label: "p99", unit: "ms", digits: 3 },
    { key: "perAllocation", label: "RSS/allocation", unit: "kB", digits: 1, goal: { atMost: 15 } },
    ...shareMetrics,
  ],
  run: async (target, size) => ({
    ...(await onOneCore(target, (server) => relaying(server, size))),
    cpuPerIndication: await onOneCore(target, (server) => costOfIndications(server, size)),
    // A server that has relayed for a while has memory to spare.
    perAllocation: await onOneCore(target, (server) => memoryOfAllocations(server, allocationsOf[size])),
  }),
};

/** Starts a server for a measurement, with the load on the other cores. */
async function onOneCore<T>(target: Target, measure: (server: RunningServer) => Promise<T>): Promise<T> {
  const server = await target.start();
  const together = separate(server.pid);
  try {
    return await measure(server);
  } finally {
    together();
    await server.stop();
  }
}

/** The TURN server of a running server; throws without one. */
export function turnOf({ turn: access }: RunningServer): TurnAccess {
  if (access === undefined) throw new Error("The server has no TURN");
  return access;
}

async function relaying(server: RunningServer, size: Size): Promise<Measurement> {
  await using links = await EchoLinks.throughTurn(turnOf(server), clients);
  const { cost, cpuPerPacket } = await costPerPacket(server, links, size);
  const latencies = await addedLatency(links, size);
  return { cpuPerPacket, ...shares(cost), ...latencies, ...(await losses(links, size)) };
}

/** The same with Send and Data indications: Firefox binds no channels. */
async function costOfIndications(server: RunningServer, size: Size): Promise<number> {
  await using links = await EchoLinks.throughTurn(turnOf(server), clients, "indications");
  return (await costPerPacket(server, links, size)).cpuPerPacket;
}

async function costPerPacket(
  { pid }: RunningServer,
  links: EchoLinks,
  size: Size,
): Promise<{ readonly cost: Cost; readonly cpuPerPacket: number }> {
  // The server's compiler begins with the packets, and is done after some seconds.
  await links.pace(relayedPerSecond / relaysPerEcho, secondsOf[size]);
  let echoed = 0;
  const cost = await costOf(pid, async () => {
    ({ echoed } = await links.pace(relayedPerSecond / relaysPerEcho, secondsOf[size]));
  });
  return { cost, cpuPerPacket: (cost.serverCpuMs * 1_000) / (echoed * relaysPerEcho) };
}

/** The time of a round trip, and how much longer it is than without a server between. */
async function addedLatency(links: EchoLinks, size: Size): Promise<Measurement> {
  await using direct = await EchoLinks.direct(clients);
  await direct.pace(latencyPerSecond, stepSecondsOf[size]);
  links.roundTrips.clear();
  await links.pace(latencyPerSecond, secondsOf[size]);
  const { values } = links.roundTrips;
  return {
    added: percentile(values, 0.5) - percentile(direct.roundTrips.values, 0.5),
    p99: percentile(values, 0.99),
  };
}

/** The losses at the first rate, and the highest of the rates at which nothing is lost. */
async function losses(links: EchoLinks, size: Size): Promise<Measurement> {
  let lost: number | undefined;
  let lossless = 0;
  for (const rate of rates) {
    const { sent, echoed } = await links.pace(rate / relaysPerEcho, stepSecondsOf[size]);
    lost ??= ((sent - echoed) * 1_000) / sent;
    if (echoed < sent) break;
    lossless = rate;
  }
  return { lossless, ...(lost !== undefined && { lost }) };
}

async function memoryOfAllocations(server: RunningServer, count: number): Promise<number> {
  const open = () => EchoLinks.throughTurn(turnOf(server), clients);
  // The first clients also pay for the one-time setup in the server.
  const opened = [await open()];
  await atRest(server.pid);
  const before = residentBytes(server.pid);
  while (opened.length * clients < count + clients) opened.push(await open());
  await atRest(server.pid);
  const grown = residentBytes(server.pid) - before;
  for (const links of opened) await links[Symbol.asyncDispose]();
  return grown / count / 1_000;
}
