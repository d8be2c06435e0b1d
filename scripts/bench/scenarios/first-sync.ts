import { Client, seedDocument } from "../load/client.ts";
import { typedUpdates } from "../load/updates.ts";
import { shareMetrics } from "../metric.ts";
import { atRest } from "../process-stats.ts";
import type { Scenario } from "./scenario.ts";
import { timeSyncs } from "./sync-timing.ts";

const document = "paper";

export const firstSync: Scenario = {
  name: "first-sync",
  about: "a client opens the real trace's document (311 kB), alone and 200 at once, from connecting to the last byte",
  needs: "sync",
  metrics: [
    { key: "cpuPerSync", label: "CPU", unit: "ms/sync", digits: 2, goal: { atMost: 0.5 } },
    { key: "one", label: "one, p50", unit: "ms", digits: 2, goal: { atMost: 1.5 } },
    { key: "crowd", label: "200 at once, p99", unit: "ms", digits: 0, goal: { atMost: 130 } },
    ...shareMetrics,
  ],
  run: async (target, size) => {
    const { document: update } = typedUpdates(size === "quick" ? 2000 : undefined);
    const counts = size === "quick" ? { single: 3, crowd: 10, crowds: 1 } : { single: 30, crowd: 200, crowds: 5 };
    const server = await target.start();
    await seedDocument(server, document, update);
    // The document stays open, and no client writes.
    const member = await Client.join(server, document);
    await atRest(server.pid);
    const measurement = await timeSyncs(server, { document, leastBytes: 0.9 * update.length, ...counts });
    member.close();
    await server.stop();
    return measurement;
  },
};
