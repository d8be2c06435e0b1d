import type { Clock } from "../../lib/time/clock.ts";
import type { BucketCounts } from "../../ops/durations.ts";
import { wireProtocols } from "../../ops/metrics/label-values.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { quantile } from "./quantile.ts";

/** Counters that the server keeps for its metrics; nothing is counted for the samples. */
export interface FigureSources {
  readonly metrics: Pick<
    Metrics,
    "bounds" | "committedUpdates" | "eventLoopLag" | "traffic" | "updateToAcknowledgement"
  >;
  readonly clock: Clock;
  /** The CPU time that the process has taken, in microseconds, and its memory in bytes. */
  readonly process: { readonly cpuMicroseconds: () => number; readonly residentBytes: () => number };
}

/** The figures beside the connections of each protocol. */
const columns = [
  ...["updatesPerSecond", "acknowledgementP50Ms", "acknowledgementP99Ms"],
  ...["eventLoopLagP50Ms", "eventLoopLagP99Ms", "boundHits", "cpuPercent", "residentBytes"],
] as const;

export type FigureColumn = (typeof columns)[number];

/** The counters at one moment. */
export interface FigureTotals {
  readonly atMs: number;
  readonly updates: number;
  readonly boundHits: number;
  readonly cpuMicroseconds: number;
  readonly acknowledgements: BucketCounts;
  readonly lags: BucketCounts;
}

/** The figures of one interval. A value is null if nothing was measured. */
export interface FigureSample {
  /** The end of the interval, in epoch milliseconds. */
  readonly at: number;
  /** Open WebSockets by wire protocol, in the order of `wireProtocols`. */
  readonly connections: readonly number[];
  readonly values: Readonly<Record<FigureColumn, number | null>>;
}

export function readTotals({ clock, metrics, process }: FigureSources): FigureTotals {
  return {
    atMs: clock.elapsedMs(),
    updates: metrics.committedUpdates.read(),
    boundHits: metrics.bounds.hits().reduce((sum, { count }) => sum + count, 0),
    cpuMicroseconds: process.cpuMicroseconds(),
    acknowledgements: metrics.updateToAcknowledgement.counts(),
    lags: metrics.eventLoopLag.counts(),
  };
}

/** The figures from `before` until `now`, which are the totals at this moment. */
export function sampleSince(before: FigureTotals, now: FigureTotals, sources: FigureSources): FigureSample {
  const { clock, metrics, process } = sources;
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
  const acknowledgements = since(before.acknowledgements, now.acknowledgements);
  const lags = since(before.lags, now.lags);
  return {
    at: clock.now(),
    connections: wireProtocols.map((protocol) => metrics.traffic.of(protocol).connections),
    values: {
      updatesPerSecond: rounded((now.updates - before.updates) / seconds),
      acknowledgementP50Ms: milliseconds(quantile(acknowledgements, 0.5)),
      acknowledgementP99Ms: milliseconds(quantile(acknowledgements, 0.99)),
      eventLoopLagP50Ms: milliseconds(quantile(lags, 0.5)),
      eventLoopLagP99Ms: milliseconds(quantile(lags, 0.99)),
      boundHits: now.boundHits - before.boundHits,
      cpuPercent: rounded((now.cpuMicroseconds - before.cpuMicroseconds) / seconds / 10_000),
      residentBytes: process.residentBytes(),
    },
  };
}

/** The durations that were recorded between two counts. */
function since(before: BucketCounts, { bounds, counts }: BucketCounts): BucketCounts {
  return { bounds, counts: counts.map((count, index) => count - (before.counts[index] ?? 0)) };
}

function milliseconds(seconds: number | undefined): number | null {
  return seconds === undefined ? null : rounded(seconds * 1_000);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
