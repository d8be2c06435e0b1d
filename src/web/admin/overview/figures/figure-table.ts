import type { ServerFigures } from "../../../../client/server/administration.ts";
import type { FigureSample } from "../../../../client/server/live-events.ts";

const columns = [
  ...["updatesPerSecond", "acknowledgementP50Ms", "acknowledgementP99Ms"],
  ...["eventLoopLagP50Ms", "eventLoopLagP99Ms", "boundHits", "cpuPercent", "residentBytes"],
] as const;

type FigureColumn = (typeof columns)[number];

export interface FigureRow extends Omit<FigureSample, "time"> {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Bounds met in a minute, at the rate of the interval. */
  readonly boundHitsPerMinute: number;
}

const hourMs = 3_600_000;
/** The server keeps a sample every 10 seconds: after a longer distance it has some that the page has not. */
const longestGapMs = 25_000;
const firstIntervalMs = 10_000;

/** The samples that the server kept, the oldest first. */
export function rowsOf(figures: ServerFigures): readonly FigureRow[] {
  return figures.times.map((time, index) => {
    const protocols = Object.entries(figures.connections);
    const connections = Object.fromEntries(protocols.map(([name, counts]) => [name, counts[index] ?? 0]));
    const values = Object.fromEntries(columns.map((column) => [column, figures[column][index] ?? null]));
    // Object.fromEntries forgets which columns there are.
    const sample = { time, connections, ...(values as Record<FigureColumn, number | null>) };
    return rowOf(sample, figures.intervalSeconds * 1_000);
  });
}

/** The rows of the last hour with another sample. A sample that is older than the last row changes nothing. */
export function withSample(rows: readonly FigureRow[], sample: FigureSample): readonly FigureRow[] {
  const last = rows.at(-1);
  const at = Date.parse(sample.time);
  if (last === undefined) return [rowOf(sample, firstIntervalMs)];
  if (at <= last.at) return rows;
  return [...rows.filter((row) => row.at > at - hourMs), rowOf(sample, at - last.at)];
}

/** Whether the page has missed samples before this one, as after it was hidden. */
export function isAfterGap(rows: readonly FigureRow[], { time }: FigureSample): boolean {
  const last = rows.at(-1);
  return last !== undefined && Date.parse(time) - last.at > longestGapMs;
}

function rowOf({ time, ...sample }: FigureSample, intervalMs: number): FigureRow {
  const minutes = Math.max(1_000, intervalMs) / 60_000;
  return { at: Date.parse(time), ...sample, boundHitsPerMinute: (sample.boundHits ?? 0) / minutes };
}
