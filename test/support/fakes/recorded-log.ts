import { createLog, type Log } from "../../../src/ops/log.ts";

/** A log, and the events that were logged. */
export function recordedLog(): { readonly log: Log; readonly events: Record<string, unknown>[] } {
  const events: Record<string, unknown>[] = [];
  const write = (line: string) => {
    const { time: _, ...event } = JSON.parse(line);
    events.push(event);
  };
  return { log: createLog({ level: "info", pretty: false, destination: { write } }), events };
}
