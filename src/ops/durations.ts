import type { Metric, Registry } from "prom-client";

/** A moment, as `Durations.begin` returns it. */
export type Moment = number;

/**
 * A histogram of durations on the hot path. Recording one adds to plain numbers, which are formatted when the metrics are
 * collected; prom-client's own timers and histograms create objects each time.
 */
export interface Durations {
  begin(): Moment;
  /** Records the time since `begin` has returned `begun`. */
  end(begun: Moment): void;
  /** Records a duration in seconds. */
  observe(seconds: number): void;
  /** The durations that were recorded since the start, by bucket. */
  counts(): BucketCounts;
}

export interface BucketCounts {
  /** The upper bounds of the buckets in seconds, ascending. */
  readonly bounds: readonly number[];
  /** One more than the bounds: the last are the durations beyond all bounds. */
  readonly counts: readonly number[];
}

export interface DurationsOptions {
  readonly name: string;
  readonly help: string;
  /** The upper bounds of the buckets in seconds, ascending. */
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/** Creates a histogram, and registers it. */
export function createDurations({ name, help, buckets, registry }: DurationsOptions): Durations {
  /** The durations of each bucket, and at the end those beyond all bounds. */
  const counts = new Float64Array(buckets.length + 1);
  let sum = 0;
  const values = () => {
    let count = 0;
    const cumulated = [...buckets, "+Inf"].map((le, index) => {
      count += counts[index] ?? 0;
      return { metricName: `${name}_bucket`, labels: { le }, value: count };
    });
    const totals = [
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return [...cumulated, ...totals];
  };
  const metric = { name, get: async () => ({ name, help, type: "histogram", values: values() }) };
  // A registry reads these two members only; its type asks for one of prom-client's classes.
  registry.registerMetric(metric as unknown as Metric);
  const observe = (seconds: number) => {
    let index = 0;
    while (seconds > (buckets[index] ?? Number.POSITIVE_INFINITY)) index += 1;
    counts[index] = (counts[index] ?? 0) + 1;
    sum += seconds;
  };
  return {
    begin: () => performance.now(),
    end: (begun) => observe((performance.now() - begun) / 1_000),
    observe,
    counts: () => ({ bounds: buckets, counts: [...counts] }),
  };
}
