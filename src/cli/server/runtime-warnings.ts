import type { Log } from "../../ops/log.ts";

/**
 * Has what the runtime tells the console written to the log: its client of Postgres does so for each attempt to listen again
 * that fails. Such a line would stand between those of the log, and not be JSON.
 */
export function logRuntimeWarnings(target: Pick<Console, "warn">, log: Pick<Log, "warn">): void {
  target.warn = (...parts: readonly unknown[]) => {
    log.warn({ event: "runtime-warning", text: parts.map(String).join(" ") });
  };
}
