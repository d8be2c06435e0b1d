import { cpuMs } from "./process-stats.ts";
import { sumOf, type ThreadTimes, threadsOf, timesBetween } from "./threads.ts";

/** Numbers by the keys of a scenario's metrics. A key is absent if the server does not have the ability. */
export type Measurement = Readonly<Record<string, number>>;

/** The cost of a piece of work. */
export interface Cost {
  readonly wallMs: number;
  /** CPU time of the server's process, all threads. */
  readonly serverCpuMs: number;
  /** The same by groups of threads. */
  readonly threads: ThreadTimes;
  /** CPU time of this process, which makes the load. */
  readonly loadCpuMs: number;
}

/** Measures the time until the promise of `work` resolves, and the CPU time in it. */
export async function costOf(pid: number, work: () => Promise<void>): Promise<Cost> {
  // Garbage of earlier work must not be collected during this measurement.
  Bun.gc(true);
  const startedAt = performance.now();
  const threadsBefore = threadsOf(pid);
  const serverBefore = cpuMs(pid);
  const loadBefore = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(loadBefore);
  const wallMs = performance.now() - startedAt;
  const threads = timesBetween(threadsBefore, threadsOf(pid), cpuMs(pid) - serverBefore);
  return {
    wallMs,
    serverCpuMs: sumOf(threads),
    threads,
    loadCpuMs: (user + system) / 1000,
  };
}

/** The share of one core, in percent, that the server and the load used. */
export function shares({ wallMs, serverCpuMs, loadCpuMs }: Cost): Measurement {
  return { serverShare: (100 * serverCpuMs) / wallMs, loadShare: (100 * loadCpuMs) / wallMs };
}
