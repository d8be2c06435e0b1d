import { Client, seedDocument } from "../load/client.ts";
import { largeDocument } from "../load/updates.ts";
import { shareMetrics } from "../metric.ts";
import { atRest, forgetPeak, peakBytes, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import type { Scenario, Target } from "./scenario.ts";
import { timeSyncs } from "./sync-timing.ts";

const document = "book";

/**
 * Memory is measured as growth over the freshly started server: once with the document open and idle, and at its peak
 * while a crowd fetches it.
 */
export const largeSync: Scenario = {
  name: "large-sync",
  about: "a document of 10 MB, alone and 20 at once; memory is what the document adds to the server",
  needs: "sync",
  metrics: [
    { key: "cpuPerSync", label: "CPU", unit: "ms/sync", digits: 1 },
    { key: "one", label: "one, p50", unit: "ms", digits: 1, goal: { atMost: 18 } },
    { key: "crowd", label: "20 at once, p99", unit: "ms", digits: 0, goal: { atMost: 500 } },
    { key: "peakShare", label: "RSS peak/open", unit: "", digits: 2, goal: { atMost: 1.5 } },
    { key: "open", label: "open", unit: "MB", digits: 1 },
    { key: "peak", label: "peak", unit: "MB", digits: 1 },
    ...shareMetrics,
  ],
  run: async (target, size) => {
    const update = largeDocument(size === "quick" ? 500_000 : 10_000_000);
    const counts = size === "quick" ? { single: 1, crowd: 3, crowds: 1 } : { single: 10, crowd: 20, crowds: 3 };
    const { server, emptyBytes } = await startWith(target, update);
    const member = await Client.join(server, document);
    await atRest(server.pid);
    const open = residentBytes(server.pid) - emptyBytes;
    forgetPeak(server.pid);
    const measurement = await timeSyncs(server, { document, leastBytes: 0.9 * update.length, ...counts });
    const peak = peakBytes(server.pid) - emptyBytes;
    member.close();
    await server.stop();
    return { ...measurement, open: open / 1e6, peak: peak / 1e6, peakShare: peak / open };
  },
};

interface Seeded {
  readonly server: RunningServer;
  /** Memory of the server before it loaded the document. */
  readonly emptyBytes: number;
}

/** A server with storage is restarted after the writing, so that none of it is left in its memory. */
async function startWith(target: Target, update: Uint8Array): Promise<Seeded> {
  const first = await target.start();
  const emptyBytes = residentBytes(first.pid);
  await seedDocument(first, document, update);
  await atRest(first.pid, 60_000);
  if (!target.stores) return { server: first, emptyBytes };
  await first.stop();
  const server = await target.start();
  await atRest(server.pid);
  return { server, emptyBytes: residentBytes(server.pid) };
}
