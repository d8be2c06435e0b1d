import { Pinger } from "../load/pinger.ts";
import { Traffic } from "../load/traffic.ts";
import { insertedUpdates } from "../load/updates.ts";
import { costOf, shares } from "../measurement.ts";
import { shareMetrics } from "../metric.ts";
import { percentile } from "../statistics.ts";
import { perThread, threadMetrics } from "../threads.ts";
import type { Scenario } from "./scenario.ts";

const rooms = 20;
const updatesPerSecond = 5000;
/** Updates of each room before the measurement. */
const warmUp = 500;
/** At full size a minute. */
const updatesOf = { full: 15_000, quick: 50 } as const;
const minuteMs = 60_000;

/** The load is large enough for the store to move its write-ahead log into the database several times. */
export const checkpoints: Scenario = {
  name: "checkpoints",
  about: `${rooms} rooms of 2, ${updatesPerSecond} updates/s in total, evenly; pauses of the event loop`,
  needs: "storage",
  metrics: [
    { key: "longestPause", label: "longest pause", unit: "ms", digits: 1 },
    { key: "pause999", label: "p99.9", unit: "ms", digits: 1 },
    { key: "pauses", label: "pauses > 5 ms", unit: "a minute", digits: 0, goal: { atMost: 2 } },
    { key: "cpuPerUpdate", label: "CPU", unit: "µs/update", digits: 1 },
    { key: "p50", label: "update p50", unit: "ms", digits: 2 },
    { key: "p99", label: "p99", unit: "ms", digits: 2 },
    { key: "rate", label: "deliveries", unit: "/s", digits: 0 },
    ...shareMetrics,
    ...threadMetrics,
  ],
  run: async (target, size) => {
    const server = await target.start();
    const measured = updatesOf[size];
    const updates = insertedUpdates(warmUp + measured);
    const traffic = await Traffic.open({ server, rooms, readersPerRoom: 1, updates });
    await traffic.pace(warmUp, updatesPerSecond);
    traffic.latencies.clear();
    const pinger = await Pinger.connect(server, "elsewhere");
    const cost = await costOf(server.pid, () => traffic.pace(warmUp + measured, updatesPerSecond));
    pinger.close();
    const latencies = traffic.latencies.values;
    const pauses = pinger.roundTrips.values;
    traffic.close();
    await server.stop();
    return {
      longestPause: percentile(pauses, 1),
      pause999: percentile(pauses, 0.999),
      pauses: (pauses.filter((pauseMs) => pauseMs > 5).length * minuteMs) / cost.wallMs,
      cpuPerUpdate: (cost.serverCpuMs * 1000) / (rooms * measured),
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      rate: (latencies.length * 1000) / cost.wallMs,
      ...shares(cost),
      ...perThread(cost.threads, rooms * measured),
    };
  },
};
