import { Traffic } from "../load/traffic.ts";
import { insertedUpdates } from "../load/updates.ts";
import { costOf, shares } from "../measurement.ts";
import { type Goal, type Metric, shareMetrics } from "../metric.ts";
import { residentBytes } from "../process-stats.ts";
import { percentile } from "../statistics.ts";
import { perThread, threadMetrics } from "../threads.ts";
import type { Scenario } from "./scenario.ts";

interface Pace {
  readonly name: string;
  readonly rooms: number;
  readonly readersPerRoom: number;
  /** In all rooms together. */
  readonly updatesPerSecond: number;
  /** The goals by the key of a metric. */
  readonly goals: Readonly<Record<string, Goal>>;
}

const warmUpSeconds = 1;
const secondsOf = { full: 10, quick: 1 } as const;

const metrics: readonly Metric[] = [
  { key: "cpuPerUpdate", label: "CPU", unit: "µs/update", digits: 0 },
  { key: "p50", label: "p50", unit: "ms", digits: 3 },
  { key: "p99", label: "p99", unit: "ms", digits: 3 },
  { key: "cpuPerDelivery", label: "CPU", unit: "µs/delivery", digits: 1 },
  { key: "rate", label: "deliveries", unit: "/s", digits: 0 },
  ...threadMetrics,
  { key: "resident", label: "RSS", unit: "MB", digits: 0 },
  ...shareMetrics,
];

/**
 * Typing on a server that is not busy: the CPU time of the whole process for one update, its compiler included, and the
 * time until the other clients have the update. The server has just started.
 */
function paced({ name, rooms, readersPerRoom, updatesPerSecond, goals }: Pace): Scenario {
  const updatesOfRoom = (seconds: number) => Math.ceil((updatesPerSecond * seconds) / rooms);
  const members = `${readersPerRoom + 1} (1 writes, ${readersPerRoom} read)`;
  return {
    name,
    about: `${rooms === 1 ? `one room of ${members}` : `${rooms} rooms of ${members}`}, ${updatesPerSecond} updates/s in total, evenly, on a server that has just started`,
    needs: "relay",
    metrics: metrics.map((metric) => {
      const goal = goals[metric.key];
      return goal === undefined ? metric : { ...metric, goal };
    }),
    run: async (target, size) => {
      const server = await target.start();
      const warmUp = updatesOfRoom(warmUpSeconds);
      const measured = updatesOfRoom(secondsOf[size]);
      const updates = insertedUpdates(warmUp + measured);
      const traffic = await Traffic.open({ server, rooms, readersPerRoom, updates });
      await traffic.pace(warmUp, updatesPerSecond);
      traffic.latencies.clear();
      const cost = await costOf(server.pid, () => traffic.pace(warmUp + measured, updatesPerSecond));
      const latencies = traffic.latencies.values;
      const resident = residentBytes(server.pid);
      traffic.close();
      await server.stop();
      return {
        cpuPerUpdate: (cost.serverCpuMs * 1000) / (rooms * measured),
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        cpuPerDelivery: (cost.serverCpuMs * 1000) / latencies.length,
        rate: (latencies.length * 1000) / cost.wallMs,
        resident: resident / 1e6,
        ...shares(cost),
        ...perThread(cost.threads, rooms * measured),
      };
    },
  };
}

export const pacedRooms = paced({
  name: "paced",
  rooms: 20,
  readersPerRoom: 3,
  updatesPerSecond: 1000,
  goals: { cpuPerUpdate: { timesBare: 2.5 }, p50: { atMost: 0.15 }, p99: { atMost: 1 } },
});

export const pacedRoom = paced({
  name: "paced-room",
  rooms: 1,
  readersPerRoom: 10,
  updatesPerSecond: 200,
  goals: { cpuPerUpdate: { timesBare: 2.8 } },
});
