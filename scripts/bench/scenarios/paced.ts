import { Traffic } from "../load/traffic.ts";
import { insertedUpdates } from "../load/updates.ts";
import { costOf, shares } from "../measurement.ts";
import { shareMetrics } from "../metric.ts";
import { percentile } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const rooms = 20;
const updatesPerSecond = 1000;
const warmUp = 25;
/** The number of updates of each room. */
const updatesOf = { full: 250, quick: 25 } as const;

/** The latency of typing on a server that is not busy: the time until the other clients see an update. */
export const paced: Scenario = {
  name: "paced",
  about: `${rooms} rooms of 4 (1 writes, 3 read), ${updatesPerSecond} updates/s in total, evenly`,
  needs: "relay",
  metrics: [
    { key: "p50", label: "p50", unit: "ms", digits: 3, goal: { atMost: 0.2 } },
    { key: "p99", label: "p99", unit: "ms", digits: 3, goal: { atMost: 1 } },
    { key: "cpuPerDelivery", label: "CPU", unit: "µs/delivery", digits: 1 },
    { key: "rate", label: "deliveries", unit: "/s", digits: 0 },
    ...shareMetrics,
  ],
  run: async (target, size) => {
    const server = await target.start();
    const measured = updatesOf[size];
    const updates = insertedUpdates(warmUp + measured);
    const traffic = await Traffic.open({ server, rooms, readersPerRoom: 3, updates });
    await traffic.pace(warmUp, updatesPerSecond);
    traffic.latencies.clear();
    const cost = await costOf(server.pid, () => traffic.pace(warmUp + measured, updatesPerSecond));
    const latencies = traffic.latencies.values;
    traffic.close();
    await server.stop();
    return {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      cpuPerDelivery: (cost.serverCpuMs * 1000) / latencies.length,
      rate: (latencies.length * 1000) / cost.wallMs,
      ...shares(cost),
    };
  },
};
