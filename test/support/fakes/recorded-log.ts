import { createLog, type Log } from "../../../src/ops/log.ts";
import { RecentLog } from "../../../src/ops/recent-log.ts";

export interface RecordedLog {
  readonly log: Log;
  /** The events that were logged. */
  readonly events: Record<string, unknown>[];
  /** The same log for administrators. */
  readonly recent: RecentLog;
}

/** A log, and the events that were logged. */
export function recordedLog(): RecordedLog {
  const events: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const { time: _, ...event } = JSON.parse(line);
    events.push(event);
  };
  const recent = new RecentLog();
  const tap = (line: string) => recent.take(line);
  return { log: createLog({ level: "info", pretty: false, destination: { write }, tap }), events, recent };
}
