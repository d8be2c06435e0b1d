import type { BucketCounts } from "../../ops/durations.ts";

/**
 * A quantile in seconds of durations that were counted in buckets. It is interpolated between the bounds of its bucket;
 * beyond the last bound it is that bound. Undefined without durations.
 */
export function quantile({ bounds, counts }: BucketCounts, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [index, upper] of bounds.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = bounds[index - 1] ?? 0;
      return lower + ((rank - below) / count) * (upper - lower);
    }
    below += count;
  }
  return bounds.at(-1);
}
