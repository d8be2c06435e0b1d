import { Pinger } from "../load/pinger.ts";
import { Traffic } from "../load/traffic.ts";
import { typedUpdates } from "../load/updates.ts";
import { costOf, shares } from "../measurement.ts";
import { shareMetrics } from "../metric.ts";
import { atRest, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import { perThread, threadMetrics } from "../threads.ts";
import type { Scenario } from "./scenario.ts";

const window = 200;

/** Types into another document first, so that one-time compilation by the server's runtime is not measured. */
async function warmUp(server: RunningServer, updates: readonly Uint8Array[]): Promise<void> {
  const traffic = await Traffic.open({ server, rooms: 1, readersPerRoom: 0, updates, prefix: "warm-up" });
  await traffic.flow(updates.length, window);
  traffic.close();
  await atRest(server.pid);
}

/** A whole document is typed, so that it is compacted again and again while it grows. */
export const keystrokes: Scenario = {
  name: "keystrokes",
  about: `the real trace typed from its beginning to its end by one client alone, ${window} keystrokes outstanding; until the server is idle`,
  needs: "sync",
  metrics: [
    { key: "cpuPerKeystroke", label: "CPU", unit: "µs/keystroke", digits: 2, goal: { atMost: 8 } },
    { key: "rate", label: "keystrokes", unit: "/s", digits: 0 },
    { key: "longestPause", label: "longest pause", unit: "ms", digits: 1, goal: { atMost: 6 } },
    { key: "pause999", label: "p99.9", unit: "ms", digits: 1 },
    { key: "pauses", label: "pauses > 5 ms", unit: "", digits: 0 },
    { key: "resident", label: "RSS", unit: "MB", digits: 0 },
    ...shareMetrics,
    ...threadMetrics,
  ],
  run: async (target, size) => {
    const { updates } = typedUpdates(size === "quick" ? 3000 : undefined);
    const server = await target.start();
    await warmUp(server, updates.slice(0, updates.length / 4));
    const traffic = await Traffic.open({ server, rooms: 1, readersPerRoom: 0, updates });
    const pinger = await Pinger.connect(server, "elsewhere");
    let typedMs = 0;
    const cost = await costOf(server.pid, async () => {
      const startedAt = performance.now();
      await traffic.flow(updates.length, window);
      typedMs = performance.now() - startedAt;
      pinger.close();
      await atRest(server.pid);
    });
    const pauses = pinger.roundTrips.values;
    traffic.close();
    const resident = residentBytes(server.pid);
    await server.stop();
    return {
      cpuPerKeystroke: (cost.serverCpuMs * 1000) / updates.length,
      rate: (updates.length * 1000) / typedMs,
      longestPause: percentile(pauses, 1),
      pause999: percentile(pauses, 0.999),
      pauses: pauses.filter((pauseMs) => pauseMs > 5).length,
      resident: resident / 1e6,
      ...shares(cost),
      ...perThread(cost.threads, updates.length),
    };
  },
};
