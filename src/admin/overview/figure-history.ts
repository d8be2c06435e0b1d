import type { Clock } from "../../lib/time/clock.ts";
import type { BucketCounts } from "../../ops/durations.ts";
import { wireProtocols } from "../../ops/metrics/label-values.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { quantile } from "./quantile.ts";

export interface FigureHistoryOptions {
  readonly metrics: Pick<
    Metrics,
    "bounds" | "committedUpdates" | "eventLoopLag" | "traffic" | "updateToAcknowledgement"
  >;
  readonly clock: Clock;
  /** The CPU time that the process has taken, in microseconds, and its memory in bytes. */
  readonly process: { readonly cpuMicroseconds: () => number; readonly residentBytes: () => number };
}

export const sampleIntervalMs = 10_000;
const mostSamples = 360;

/** The columns beside the connections of each protocol. */
const columns = [
  ...["updatesPerSecond", "acknowledgementP50Ms", "acknowledgementP99Ms"],
  ...["eventLoopLagP50Ms", "eventLoopLagP99Ms", "boundHits", "cpuPercent", "residentBytes"],
] as const;

export type FigureColumn = (typeof columns)[number];

/** Columns of equal length, one value for each sample, the oldest first. A value is null if nothing was measured. */
export interface Figures extends Readonly<Record<FigureColumn, readonly (number | null)[]>> {
  /** The ends of the intervals, as RFC 3339. */
  readonly times: readonly string[];
  /** Open WebSockets by wire protocol. */
  readonly connections: Readonly<Record<string, readonly number[]>>;
}

interface Totals {
  readonly atMs: number;
  readonly updates: number;
  readonly boundHits: number;
  readonly cpuMicroseconds: number;
  readonly acknowledgements: BucketCounts;
  readonly lags: BucketCounts;
}

interface Sample {
  readonly at: number;
  readonly connections: readonly number[];
  readonly values: Readonly<Record<FigureColumn, number | null>>;
}

/**
 * An hour of figures, one sample every 10 seconds: 360 samples, less than 200 kB. A sample reads counters that the server
 * keeps for its metrics; nothing is counted for it.
 */
export class FigureHistory {
  readonly #options: FigureHistoryOptions;
  readonly #samples: Sample[] = [];
  #before: Totals;
  #cancel: (() => void) | undefined;

  constructor(options: FigureHistoryOptions) {
    this.#options = options;
    this.#before = this.#totals();
    this.#schedule();
  }

  /** The delays of the event loop in the last sample, in milliseconds; null for none. */
  get eventLoopLagMs(): { readonly p50: number; readonly p99: number } | null {
    const { eventLoopLagP50Ms: p50 = null, eventLoopLagP99Ms: p99 = null } = this.#samples.at(-1)?.values ?? {};
    return p50 === null || p99 === null ? null : { p50, p99 };
  }

  figures(): Figures {
    const samples = this.#samples;
    const column = (name: FigureColumn) => samples.map(({ values }) => values[name]);
    return {
      times: samples.map(({ at }) => new Date(at).toISOString()),
      connections: Object.fromEntries(
        wireProtocols.map((protocol, index) => [protocol, samples.map(({ connections }) => connections[index] ?? 0)]),
      ),
      updatesPerSecond: column("updatesPerSecond"),
      acknowledgementP50Ms: column("acknowledgementP50Ms"),
      acknowledgementP99Ms: column("acknowledgementP99Ms"),
      eventLoopLagP50Ms: column("eventLoopLagP50Ms"),
      eventLoopLagP99Ms: column("eventLoopLagP99Ms"),
      boundHits: column("boundHits"),
      cpuPercent: column("cpuPercent"),
      residentBytes: column("residentBytes"),
    };
  }

  close(): void {
    this.#cancel?.();
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(sampleIntervalMs, () => {
      this.#sample();
      this.#schedule();
    });
  }

  #sample(): void {
    const { clock, metrics, process } = this.#options;
    const [before, now] = [this.#before, this.#totals()];
    this.#before = now;
    const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1_000);
    const acknowledgements = since(before.acknowledgements, now.acknowledgements);
    const lags = since(before.lags, now.lags);
    this.#samples.push({
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
    });
    if (this.#samples.length > mostSamples) this.#samples.shift();
  }

  #totals(): Totals {
    const { clock, metrics, process } = this.#options;
    return {
      atMs: clock.elapsedMs(),
      updates: metrics.committedUpdates.read(),
      boundHits: metrics.bounds.hits().reduce((sum, { count }) => sum + count, 0),
      cpuMicroseconds: process.cpuMicroseconds(),
      acknowledgements: metrics.updateToAcknowledgement.counts(),
      lags: metrics.eventLoopLag.counts(),
    };
  }
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
