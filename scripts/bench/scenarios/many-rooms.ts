import { Client, inTurn, seedDocument } from "../load/client.ts";
import { largeDocument } from "../load/updates.ts";
import { costOf, type Measurement } from "../measurement.ts";
import { atRest, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import type { Scenario, Size } from "./scenario.ts";

const documentBytes = 20_000;
const roomsOf = { full: 2000, quick: 20 } as const;
const atOnce = 20;

/** A server with many documents on its disk, and some open in memory. */
export const manyRooms: Scenario = {
  name: "many-rooms",
  about:
    "2,000 documents of 20 kB, opened by one client each on a server that has just started, then left; memory 5 s after the last opening and 30 s after leaving",
  needs: "storage",
  metrics: [
    { key: "open", label: "RSS/room open", unit: "kB", digits: 1, goal: { atMost: 12 } },
    { key: "left", label: "after all left", unit: "kB", digits: 1, goal: { atMost: 5 } },
    { key: "idle", label: "idle CPU, open", unit: "ms/s", digits: 1, goal: { atMost: 4 } },
    { key: "p50", label: "cold open p50", unit: "ms", digits: 2, goal: { atMost: 0.6 } },
    { key: "p99", label: "p99", unit: "ms", digits: 2, goal: { atMost: 2 } },
  ],
  run: async (target, size) => {
    const names = Array.from({ length: roomsOf[size] }, (_, index) => `room-${index}`);
    const update = largeDocument(documentBytes, 200);
    const first = await target.start();
    await inTurn(names, atOnce, (name) => seedDocument(first, name, update));
    // Documents are compacted after the last client has left, as in daily use.
    await Bun.sleep(waitsOf[size].lingerMs);
    await atRest(first.pid, 60_000);
    await first.stop();
    const server = await target.start();
    const measurement = await openAndLeave(server, names, waitsOf[size]);
    await server.stop();
    return measurement;
  },
};

async function openAndLeave(server: RunningServer, names: readonly string[], waits: Waits): Promise<Measurement> {
  // The first client also pays for the one-time setup in the server.
  const [warmUp = "", ...rooms] = names;
  const clients = [await Client.join(server, warmUp)];
  await atRest(server.pid);
  const before = residentBytes(server.pid);
  const opened: number[] = [];
  for (const room of rooms) {
    const startedAt = performance.now();
    clients.push(await Client.join(server, room));
    opened.push(performance.now() - startedAt);
  }
  await Bun.sleep(waits.openMs);
  const open = residentBytes(server.pid) - before;
  await Bun.sleep(waits.lingerMs);
  const { serverCpuMs, wallMs } = await costOf(server.pid, () => Bun.sleep(waits.idleMs));
  for (const client of clients) client.close();
  await Bun.sleep(waits.leftMs);
  const left = residentBytes(server.pid) - before;
  return {
    open: open / rooms.length / 1000,
    left: left / rooms.length / 1000,
    idle: serverCpuMs / (wallMs / 1000),
    p50: percentile(opened, 0.5),
    p99: percentile(opened, 0.99),
  };
}

interface Waits {
  /** From the last opening until the memory of open rooms is read. */
  readonly openMs: number;
  /** A server may drop the encoded bytes of a document, or compact it, after a while without a request. */
  readonly lingerMs: number;
  /** The time in which the idle CPU is measured. */
  readonly idleMs: number;
  /** From the leaving of all clients until the memory is read. */
  readonly leftMs: number;
}

const waitsOf: Readonly<Record<Size, Waits>> = {
  full: { openMs: 5_000, lingerMs: 12_000, idleMs: 10_000, leftMs: 30_000 },
  quick: { openMs: 500, lingerMs: 500, idleMs: 500, leftMs: 500 },
};
