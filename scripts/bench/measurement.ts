import { cpuMs } from "./process-stats.ts";

/** Numbers by the keys of a scenario's metrics; what a server cannot do is left out. */
export type Measurement = Readonly<Record<string, number>>;

/** What a piece of work cost. */
export interface Cost {
  readonly wallMs: number;
  /** Of the server's process, all threads. */
  readonly serverCpuMs: number;
  /** Of this process, which makes the load. */
  readonly loadCpuMs: number;
}

/** Measures what happens until the work's promise resolves. */
export async function costOf(pid: number, work: () => Promise<void>): Promise<Cost> {
  // What earlier work left behind is not collected at the expense of this one.
  Bun.gc(true);
  const startedAt = performance.now();
  const serverBefore = cpuMs(pid);
  const loadBefore = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(loadBefore);
  return {
    wallMs: performance.now() - startedAt,
    serverCpuMs: cpuMs(pid) - serverBefore,
    loadCpuMs: (user + system) / 1000,
  };
}

/** The share of one core, in percent, that the server and the load took. */
export function shares({ wallMs, serverCpuMs, loadCpuMs }: Cost): Measurement {
  return { serverShare: (100 * serverCpuMs) / wallMs, loadShare: (100 * loadCpuMs) / wallMs };
}
