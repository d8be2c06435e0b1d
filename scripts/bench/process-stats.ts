import { readFileSync, writeFileSync } from "node:fs";
import { within } from "../within.ts";

/**
 * The unit of /proc/<pid>/stat is USER_HZ, which Linux fixes at 100 for user space on every architecture that Bun runs
 * on.
 */
const ticksPerSecond = 100;

/** User and system time of all threads of a process, in milliseconds, from the text of /proc/<pid>/stat. */
export function parseCpuMs(stat: string): number {
  // The second field is the name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return ((userTicks + systemTicks) * 1000) / ticksPerSecond;
}

/** A size in bytes from the text of /proc/<pid>/status. */
export function parseBytes(status: string, field: "VmRSS" | "VmHWM"): number {
  const [, kibibytes] = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  return Number(kibibytes) * 1024;
}

export function cpuMs(pid: number): number {
  return parseCpuMs(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

export function residentBytes(pid: number): number {
  return parseBytes(readFileSync(`/proc/${pid}/status`, "utf8"), "VmRSS");
}

/** The peak resident memory since the process began, or since `forgetPeak`. */
export function peakBytes(pid: number): number {
  return parseBytes(readFileSync(`/proc/${pid}/status`, "utf8"), "VmHWM");
}

export function forgetPeak(pid: number): void {
  // proc(5): writing 5 resets the peak resident set size.
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

const quietMs = 600;

/** Resolves once the process has used almost no CPU time for a while, so that its background work is finished. */
export async function atRest(pid: number, limitMs = 30_000): Promise<void> {
  const rest = async () => {
    for (;;) {
      const before = cpuMs(pid);
      await Bun.sleep(quietMs);
      if (cpuMs(pid) - before <= 10) return;
    }
  };
  await within(limitMs, `rest of process ${pid}`, rest());
}
