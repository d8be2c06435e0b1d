import { Counter, Gauge, type Registry } from "prom-client";

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
}
