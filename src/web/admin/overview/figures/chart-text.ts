import { formatDuration } from "../../parts/formats.ts";

export interface ChartFacts {
  readonly title: string;
  /** Epoch milliseconds, ascending. */
  readonly times: readonly number[];
  readonly series: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  readonly format: (value: number) => string;
}

/** The content of a chart for people who cannot see it: for each line the value now, the least and the greatest. */
export function chartText({ format, series, times, title }: ChartFacts): string {
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  if (spanMs === 0) return `${title}: no history yet.`;
  const lines = series.map(({ label, values }) => {
    const measured = values.filter((value) => value !== null);
    if (measured.length === 0) return `${label}: nothing measured.`;
    const now = values.at(-1) ?? null;
    const shown = now === null ? "nothing" : format(now);
    const [least, greatest] = [Math.min(...measured), Math.max(...measured)];
    return `${label}: now ${shown}, from ${format(least)} to ${format(greatest)}.`;
  });
  return `${title} in the last ${formatDuration(spanMs)}. ${lines.join(" ")}`;
}
