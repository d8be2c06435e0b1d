import { parseMetrics, type Sample } from "../../../test/support/prometheus-text.ts";

/** The server's metrics at one time. */
export type ServerMetrics = ReadonlyMap<string, Sample & { readonly type: string }>;

const lagName = "event_loop_lag_seconds";

export async function readMetrics(port: number, token?: string): Promise<ServerMetrics> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  // Without permission there are no metrics; the other figures stand for themselves.
  if (!response.ok) return new Map();
  const samples = [...parseMetrics(await response.text())].flatMap(([, { type, samples }]) =>
    samples.map((sample) => [keyOf(sample), { ...sample, type }] as const),
  );
  return new Map(samples);
}

function keyOf({ name, labels }: Sample): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return text.length === 0 ? name : `${name}{${text.join(",")}}`;
}

/** The counters that have grown, and by how much. Those of the process are left out. */
export function movedCounters(before: ServerMetrics, after: ServerMetrics): Readonly<Record<string, number>> {
  const moved = [...after].flatMap(([key, { type, name, value }]) => {
    const growth = value - (before.get(key)?.value ?? 0);
    const isShown = name.startsWith("yurt_") && (type === "counter" || name.endsWith("_count"));
    return isShown && growth > 0 ? [[key.replace(/^yurt_/, ""), growth] as const] : [];
  });
  return Object.fromEntries(moved);
}

/** How long the server's event loop was blocked between two times, by the buckets of its histogram. */
export interface LoopLag {
  readonly samples: number;
  /** The upper bound in milliseconds of the bucket in which the 99th percentile lies. */
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Undefined if the server does not measure its event loop. */
export function loopLag(before: ServerMetrics, after: ServerMetrics): LoopLag | undefined {
  const buckets = [...after]
    .filter(([, { name }]) => name.endsWith(`${lagName}_bucket`))
    .map(([key, { labels, value }]) => ({
      ms: Number(labels["le"]?.replace("+Inf", "Infinity")) * 1_000,
      count: value - (before.get(key)?.value ?? 0),
    }))
    .sort((one, other) => one.ms - other.ms);
  const samples = buckets.at(-1)?.count ?? 0;
  if (samples === 0) return undefined;
  const boundOf = (share: number) => buckets.find(({ count }) => count >= share * samples)?.ms ?? Number.NaN;
  return { samples, p99Ms: boundOf(0.99), maxMs: boundOf(1) };
}
