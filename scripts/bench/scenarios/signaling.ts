import { Client, inTurn } from "../load/client.ts";
import type { Measurement } from "../measurement.ts";
import { atRest, cpuMs, residentBytes } from "../process-stats.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const perTopic = 10;
/** The number of connections that may be opening at the same time. */
const atOnce = 50;
/** The rate at which a server with crowd control admits connections: a burst, then so many per millisecond. */
const crowd = 1_000;
const perMillisecond = 5;
const topicOf = (index: number) => `topic-${Math.floor(index / perTopic)}`;

/** Clients that listen and send nothing. */
export const signalingIdle: Scenario = {
  name: "signaling-idle",
  about: "100 and then 5,000 connections in topics of 10, all idle",
  needs: "signaling",
  metrics: [
    {
      key: "perConnection",
      label: "RSS/connection",
      unit: "kB",
      digits: 2,
      goal: { atMost: 4, whereBareNeeds: 3.4 },
    },
    { key: "firstHundred", label: "the first 100", unit: "MB", digits: 2, goal: { atMost: 5 } },
    { key: "idleShare", label: "idle", unit: "% core", digits: 2 },
  ],
  run: async (target, size) => {
    const server = await target.start();
    const count = size === "quick" ? 100 : 5_000;
    const clients = [await join(server, "warm-up")];
    await atRest(server.pid);
    const before = residentBytes(server.pid);
    const open = async (from: number, to: number) => {
      const indices = Array.from({ length: to - from }, (_, index) => from + index);
      clients.push(...(await joinAll(server, indices)));
      await atRest(server.pid);
      return residentBytes(server.pid) - before;
    };
    const firstHundred = await open(0, 100);
    const all = await open(100, 100 + count);
    const startedAt = performance.now();
    const cpuBefore = cpuMs(server.pid);
    await Bun.sleep(size === "quick" ? 100 : 5_000);
    const idleShare = (100 * (cpuMs(server.pid) - cpuBefore)) / (performance.now() - startedAt);
    for (const client of clients) client.close();
    await server.stop();
    return { perConnection: (all - firstHundred) / count / 1_000, firstHundred: firstHundred / 1e6, idleShare };
  },
};

/** All clients reconnect at once, as after a restart of the server. */
export const signalingReconnect: Scenario = {
  name: "signaling-reconnect",
  about:
    "2,000 connections are lost and opened anew, 1,000 at once and the others 5 per ms; each until its ping is answered",
  needs: "signaling",
  metrics: [
    { key: "served", label: "all served", unit: "ms", digits: 0, goal: { atMost: 300 } },
    { key: "p50", label: "p50", unit: "ms", digits: 0 },
    { key: "cpu", label: "server CPU", unit: "ms", digits: 0 },
  ],
  run: async (target, size) => {
    const server = await target.start();
    const count = size === "quick" ? 50 : 2_000;
    const indices = Array.from({ length: count }, (_, index) => index);
    const clients = await joinAll(server, indices);
    for (const client of clients) client.close();
    await atRest(server.pid);
    const measurement = await comeBack(server, indices);
    await server.stop();
    return measurement;
  },
};

/** Joins topics of 10 clients, no faster than a server with crowd control admits. */
export async function joinAll(server: RunningServer, indices: readonly number[]): Promise<readonly Client[]> {
  const clients: Client[] = [];
  await inTurn(indices, atOnce, async (index) => {
    await Bun.sleep(atOnce / perMillisecond);
    clients.push(await join(server, topicOf(index)));
  });
  return clients;
}

async function comeBack(server: RunningServer, indices: readonly number[]): Promise<Measurement> {
  const cpuBefore = cpuMs(server.pid);
  const startedAt = performance.now();
  const waits: number[] = [];
  const clients = await Promise.all(
    indices.map(async (index) => {
      if (index >= crowd) await Bun.sleep((index - crowd) / perMillisecond);
      const cameAt = performance.now();
      const client = await join(server, topicOf(index));
      waits.push(performance.now() - cameAt);
      return client;
    }),
  );
  const served = performance.now() - startedAt;
  for (const client of clients) client.close();
  return { served, p50: percentile(waits, 0.5), cpu: cpuMs(server.pid) - cpuBefore };
}

function join(server: RunningServer, topic: string): Promise<Client> {
  return Client.join({ ...server, dialect: server.signaling }, topic, { keptBytes: 128 });
}
