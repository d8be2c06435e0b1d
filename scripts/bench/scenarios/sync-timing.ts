import { Client } from "../load/client.ts";
import { costOf, type Measurement, shares } from "../measurement.ts";
import type { RunningServer } from "../servers/server.ts";
import { percentile } from "../statistics.ts";

export interface Crowd {
  readonly document: string;
  /** The least number of bytes that a first sync brings. */
  readonly leastBytes: number;
  /** The number of clients that join one after the other. */
  readonly single: number;
  /** The number of clients that join at once. */
  readonly crowd: number;
  /** The number of repetitions of the crowd. */
  readonly crowds: number;
}

/** Milliseconds from opening the connection to the last byte of the document. */
export async function timeSync(server: RunningServer, document: string, leastBytes: number): Promise<number> {
  const startedAt = performance.now();
  const client = await Client.join(server, document);
  const tookMs = performance.now() - startedAt;
  client.close();
  if (client.syncedBytes < leastBytes) throw new Error(`the first sync brought ${client.syncedBytes} bytes`);
  return tookMs;
}

/** `one` is the median of clients that join alone; `crowd` is the 99th percentile of those that join at once. */
export async function timeSyncs(server: RunningServer, crowd: Crowd): Promise<Measurement> {
  const { document, leastBytes } = crowd;
  const one: number[] = [];
  for (let index = 0; index < crowd.single; index += 1) one.push(await timeSync(server, document, leastBytes));
  const many: number[] = [];
  const cost = await costOf(server.pid, async () => {
    for (let index = 0; index < crowd.crowds; index += 1) {
      const clients = Array.from({ length: crowd.crowd }, () => timeSync(server, document, leastBytes));
      many.push(percentile(await Promise.all(clients), 0.99));
    }
  });
  return {
    one: percentile(one, 0.5),
    crowd: percentile(many, 0.5),
    cpuPerSync: cost.serverCpuMs / (crowd.crowd * crowd.crowds),
    ...shares(cost),
  };
}
