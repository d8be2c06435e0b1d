import { Client, inTurn, seedDocument } from "../load/client.ts";
import { largeDocument } from "../load/updates.ts";
import { atRest, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const documentBytes = 20_000;
const roomsOf = { full: 2000, quick: 20 } as const;
const atOnce = 20;

/** A server with many documents on its disk, and some open in memory. */
export const manyRooms: Scenario = {
  name: "many-rooms",
  about: "2,000 documents of 20 kB, opened by one client each on a server that has just started, then left",
  needs: "storage",
  metrics: [
    { key: "open", label: "RSS/room open", unit: "kB", digits: 1, goal: { atMost: 12 } },
    { key: "left", label: "after all left", unit: "kB", digits: 1, goal: { atMost: 8 } },
    { key: "p50", label: "cold open p50", unit: "ms", digits: 2, goal: { atMost: 0.6 } },
    { key: "p99", label: "p99", unit: "ms", digits: 2, goal: { atMost: 2 } },
  ],
  run: async (target, size) => {
    const names = Array.from({ length: roomsOf[size] }, (_, index) => `room-${index}`);
    const update = largeDocument(documentBytes, 200);
    const first = await target.start();
    await inTurn(names, atOnce, (name) => seedDocument(first, name, update));
    // Documents are compacted after the last client has left, as in daily use.
    await Bun.sleep(lingerMs);
    await atRest(first.pid, 60_000);
    await first.stop();
    const server = await target.start();
    const measurement = await openAndLeave(server, names);
    await server.stop();
    return measurement;
  },
};

async function openAndLeave(server: RunningServer, names: readonly string[]) {
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
  await atRest(server.pid);
  // A room drops the encoded bytes of its document after a while without a request.
  await Bun.sleep(lingerMs);
  await atRest(server.pid);
  const open = residentBytes(server.pid) - before;
  for (const client of clients) client.close();
  await atRest(server.pid, 60_000);
  // Rooms linger for some seconds, during which the server is idle.
  await Bun.sleep(lingerMs);
  await atRest(server.pid, 60_000);
  const left = residentBytes(server.pid) - before;
  return {
    open: open / rooms.length / 1000,
    left: left / rooms.length / 1000,
    p50: percentile(opened, 0.5),
    p99: percentile(opened, 0.99),
  };
}

const lingerMs = 12_000;
