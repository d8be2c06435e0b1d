import type { Measurement } from "./measurement.ts";
import { type Goal, judge, type Metric, referenceOf } from "./metric.ts";
import type { RatioGoal } from "./servers/server.ts";
import { median } from "./statistics.ts";

/** The measurement of each server in one scenario, by the server's name. */
export type Results = ReadonlyMap<string, Measurement>;

/**
 * Formats a Markdown table that is also readable as plain text: a line per server, a column per metric. The first
 * metric is followed by its ratio to the bare server's figure, if that was measured.
 */
export function formatTable(metrics: readonly Metric[], results: Results): string {
  const columns = columnsOf(metrics, results.get("bare"));
  const head = ["server", ...columns.map(({ title }) => title)];
  const lines = Array.from(results, ([server, measurement]) => [
    server,
    ...columns.map(({ cell }) => cell(measurement)),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0), 3));
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const pad = (line: readonly string[]) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  return [head, rule, ...lines].map(pad).join("\n");
}

interface Column {
  readonly title: string;
  readonly cell: (measurement: Measurement) => string;
}

function columnsOf(metrics: readonly Metric[], bare: Measurement | undefined): readonly Column[] {
  const columns = metrics.map((metric) => ({
    title: metric.unit === "" ? metric.label : `${metric.label} (${metric.unit})`,
    cell: (measurement: Measurement) => formatValue(metric, measurement[metric.key]),
  }));
  const key = metrics[0]?.key ?? "";
  const ofBare = bare?.[key];
  if (ofBare === undefined) return columns;
  const ratio = { key, label: "", unit: "", digits: 2 };
  const cell = (measurement: Measurement) => {
    const value = measurement[key];
    return formatValue(ratio, value === undefined ? undefined : value / ofBare);
  };
  return columns.toSpliced(1, 0, { title: "× bare", cell });
}

function formatValue({ digits }: Metric, value: number | undefined): string {
  if (value === undefined) return "";
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, " ");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Formats a line per goal: the goal, the result of `ours`, and its ratio to the other servers. */
export function formatGoals(metrics: readonly Metric[], results: Results, ours: string): string {
  const lines = metrics.flatMap((metric) => {
    const value = results.get(ours)?.[metric.key];
    if (metric.goal === undefined || value === undefined) return [];
    const verdict = judge(metric.goal, value, results.get(referenceOf(metric.goal))?.[metric.key]);
    return [
      `goal ${metric.label} ≤ ${formatBound(metric.goal, metric.unit)}: ${formatValue(metric, value)}, ${verdict}${formatRatios(metric.key, results, ours)}`,
    ];
  });
  return lines.join("\n");
}

function formatBound(goal: Goal, unit: string): string {
  if ("timesBare" in goal) return `${goal.timesBare} × bare`;
  if ("of" in goal) return `${goal.times} × ${goal.of}`;
  const where = goal.whereBareNeeds === undefined ? "" : ` where bare needs ${goal.whereBareNeeds}`;
  return `${goal.atMost} ${unit}${where}`;
}

/**
 * Formats a line for each metric that is compared or has a goal: whether `server` is within its ratio to the other
 * server.
 */
export function formatRatioGoal(
  metrics: readonly Metric[],
  results: Results,
  { server, goal: { atMost, of } }: { readonly server: string; readonly goal: RatioGoal },
): string {
  const lines = metrics.flatMap((metric, index) => {
    const [value, other] = [results.get(server)?.[metric.key], results.get(of)?.[metric.key]];
    if ((index > 0 && metric.goal === undefined) || value === undefined || other === undefined) return [];
    const ratio = value / other;
    const verdict = ratio <= atMost ? "met" : "missed";
    return [
      `goal ${metric.label} of ${server} ≤ ${atMost} × ${of}: ${formatValue(metric, value)}, ${ratio.toFixed(2)} ×, ${verdict}`,
    ];
  });
  return lines.join("\n");
}

function formatRatios(key: string, results: Results, ours: string): string {
  const value = results.get(ours)?.[key] ?? Number.NaN;
  return Array.from(results, ([server, measurement]) => {
    const other = measurement[key];
    return server === ours || other === undefined ? "" : `; ${(value / other).toFixed(2)} × ${server}`;
  }).join("");
}

/** The runs of two servers that took turns. */
export interface Pairs {
  readonly server: string;
  readonly other: string;
  readonly runs: readonly (readonly [of: Measurement, ofOther: Measurement])[];
}

/**
 * Formats a line for each metric that is compared or has a goal: the median of the ratios of the pairs, with the least
 * and the greatest. Work of others on the machine affects both figures of a pair alike.
 */
export function formatPairs(metrics: readonly Metric[], { server, other, runs }: Pairs): string {
  const lines = metrics.flatMap(({ key, label, goal }, index) => {
    if (index > 0 && goal === undefined) return [];
    const ratios = runs.flatMap(([of, ofOther]) => {
      const ratio = (of[key] ?? Number.NaN) / (ofOther[key] ?? Number.NaN);
      return Number.isFinite(ratio) ? [ratio] : [];
    });
    if (ratios.length === 0) return [];
    const [middle, least, greatest] = [median(ratios), Math.min(...ratios), Math.max(...ratios)].map((ratio) =>
      ratio.toFixed(2),
    );
    return [`pairs ${label}: ${server} is ${middle} × ${other} (${least} to ${greatest})`];
  });
  return lines.join("\n");
}
