import { Traffic } from "../load/traffic.ts";
import { insertedUpdates } from "../load/updates.ts";
import { costOf, type Measurement, shares } from "../measurement.ts";
import { type Goal, type Metric, shareMetrics } from "../metric.ts";
import { residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import { perThread, threadMetrics } from "../threads.ts";
import type { Scenario, Size } from "./scenario.ts";

interface FanOut {
  readonly name: string;
  /** Signaling uses topics instead of documents. */
  readonly needs?: "relay" | "signaling";
  readonly about: string;
  readonly rooms: number;
  readonly readersPerRoom: number;
  /** The number of updates of each room that may be under way. */
  readonly window: number;
  /** The number of updates of each room. */
  readonly updates: Readonly<Record<Size, number>>;
  readonly goal?: Goal;
}

/**
 * Updates before the measurement, as a share of the measured ones. A JavaScript server spends 1.5 s of CPU once in its
 * life on compiling hot functions; this time belongs to no message.
 */
const warmUpShare = 0.8;

/** Sends as many updates as the window allows, each delivered to every other member of the room. */
function fanOut({
  name,
  needs = "relay",
  about,
  rooms,
  readersPerRoom,
  window,
  updates: counts,
  goal,
}: FanOut): Scenario {
  const run = async (server: RunningServer, size: Size): Promise<Measurement> => {
    const measured = counts[size];
    const warmUp = Math.ceil(measured * warmUpShare);
    const before = residentBytes(server.pid);
    const updates = insertedUpdates(measured + warmUp);
    const traffic = await Traffic.open({ server, rooms, readersPerRoom, updates });
    const joined = residentBytes(server.pid);
    await traffic.flow(warmUp, window);
    traffic.latencies.clear();
    const cost = await costOf(server.pid, () => traffic.flow(warmUp + measured, window));
    const deliveries = traffic.latencies.values.length;
    const measurement = {
      deliveries,
      cpuPerDelivery: (cost.serverCpuMs * 1000) / deliveries,
      cpuPerUpdate: (cost.serverCpuMs * 1000) / (measured * rooms),
      rate: (deliveries * 1000) / cost.wallMs,
      p50: percentile(traffic.latencies.values, 0.5),
      p99: percentile(traffic.latencies.values, 0.99),
      perConnection: (joined - before) / traffic.connections / 1000,
      resident: residentBytes(server.pid) / 1e6,
      ...shares(cost),
      ...perThread(cost.threads, measured * rooms),
    };
    traffic.close();
    return measurement;
  };
  const metrics: readonly Metric[] = [
    { key: "cpuPerDelivery", label: "CPU", unit: "µs/delivery", digits: 2, ...(goal === undefined ? {} : { goal }) },
    { key: "rate", label: "deliveries", unit: "/s", digits: 0 },
    { key: "p50", label: "p50", unit: "ms", digits: 2 },
    { key: "p99", label: "p99", unit: "ms", digits: 2 },
    // With a handful of connections, memory per connection would be noise.
    ...(rooms * readersPerRoom < 100
      ? []
      : [{ key: "perConnection", label: "RSS/connection", unit: "kB", digits: 1 } as const]),
    { key: "resident", label: "RSS", unit: "MB", digits: 0 },
    ...shareMetrics,
    { key: "cpuPerUpdate", label: "CPU", unit: "µs/update", digits: 1 },
    ...threadMetrics,
  ];
  return {
    name,
    about,
    needs,
    metrics,
    run: async (target, size) => {
      const server = await target.start();
      const { dialect, signaling } = server;
      const measurement = await run({ ...server, dialect: needs === "signaling" ? signaling : dialect }, size);
      await server.stop();
      return measurement;
    },
  };
}

export const oneRoom = fanOut({
  name: "one-room",
  about: "one room, 1 writer and 10 readers, 200 updates outstanding",
  rooms: 1,
  readersPerRoom: 10,
  window: 200,
  updates: { full: 100_000, quick: 2000 },
  goal: { timesBare: 2 },
});

export const twentyRooms = fanOut({
  name: "twenty-rooms",
  about: "20 rooms of 4 (1 writes, 3 read), 40 updates outstanding in each",
  rooms: 20,
  readersPerRoom: 3,
  window: 40,
  updates: { full: 15_000, quick: 100 },
  goal: { timesBare: 1.2 },
});

export const oneOutstanding = fanOut({
  name: "one-outstanding",
  about: "100 rooms of 4 (1 writes, 3 read); each room's next update is sent when the last one has arrived",
  rooms: 100,
  readersPerRoom: 3,
  window: 1,
  updates: { full: 800, quick: 10 },
  goal: { timesBare: 1.5 },
});

export const signaling = fanOut({
  name: "signaling",
  needs: "signaling",
  about: "20 topics of 10 (1 publishes, 9 listen), 40 announcements outstanding in each",
  rooms: 20,
  readersPerRoom: 9,
  window: 40,
  updates: { full: 4000, quick: 50 },
  goal: { atMost: 0.7, whereBareNeeds: 0.48 },
});

export const signalingOneOutstanding = fanOut({
  name: "signaling-one-outstanding",
  needs: "signaling",
  about: "100 topics of 10; each topic's next announcement is sent when the last one has arrived",
  rooms: 100,
  readersPerRoom: 9,
  window: 1,
  updates: { full: 400, quick: 5 },
  goal: { atMost: 7, whereBareNeeds: 6.45 },
});
