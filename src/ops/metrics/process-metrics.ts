import { readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { Counter, Gauge, type Registry } from "prom-client";
import packageJson from "../../../package.json" with { type: "json" };

/**
 * Adds what the process uses, under the names that Prometheus' own libraries give these facts.
 *
 * prom-client's default metrics are not used: most of them read what only Node has, and are wrong or missing here.
 */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of the process, in user and system mode",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process that is in RAM",
    registers,
    collect() {
      try {
        this.set(process.memoryUsage.rss());
      } catch {
        // The process has no free descriptor to read it: the former value is shown.
      }
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start of the process, in seconds since 1970",
    registers,
  }).set(performance.timeOrigin / 1_000);
  new Gauge({
    name: "yurt_build_info",
    help: "1, with the version of the server and of its runtime",
    labelNames: ["version", "bun"],
    registers,
  }).set({ version: packageJson.version, bun: Bun.version }, 1);
  if (process.platform === "linux") addDescriptorMetrics(registry);
}

/** Adds the file descriptors: a WebSocket takes one. Only Linux lists them in `/proc`. */
function addDescriptorMetrics(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_open_fds",
    help: "File descriptors that are open",
    registers,
    async collect() {
      const count = await countDescriptors();
      if (count !== undefined) this.set(count);
    },
  });
  new Gauge({
    name: "process_max_fds",
    help: "File descriptors that may be open",
    registers,
    collect() {
      const limit = readDescriptorLimit();
      if (limit !== undefined) this.set(limit);
    },
  });
}

const descriptors = "/proc/self/fd";

/** Undefined if the process has no free descriptor to count them. */
async function countDescriptors(): Promise<number | undefined> {
  try {
    // From Linux 6.2 on the size of the folder is their number. Earlier it is 0, and to list them takes longer.
    const { size } = statSync(descriptors);
    return size > 0 ? size : (await readdir(descriptors)).length;
  } catch {
    return undefined;
  }
}

/** The limit may be raised while the process runs. */
function readDescriptorLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}
