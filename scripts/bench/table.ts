import type { Measurement } from "./measurement.ts";
import { judge, type Metric } from "./metric.ts";
import type { RatioGoal } from "./servers/server.ts";

/** The measurement of each server in one scenario, by the server's name. */
export type Results = ReadonlyMap<string, Measurement>;

/** Formats a Markdown table that is also readable as plain text: a line per server, a column per metric. */
export function formatTable(metrics: readonly Metric[], results: Results): string {
  const head = ["server", ...metrics.map(({ label, unit }) => (unit === "" ? label : `${label} (${unit})`))];
  const lines = Array.from(results, ([server, measurement]) => [
    server,
    ...metrics.map((metric) => formatValue(metric, measurement[metric.key])),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0), 3));
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const pad = (line: readonly string[]) =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  return [head, rule, ...lines].map(pad).join("\n");
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
    const { atMost, whereBareNeeds } = metric.goal;
    const verdict = judge(metric.goal, value, results.get("bare")?.[metric.key]);
    const where = whereBareNeeds === undefined ? "" : ` where bare needs ${whereBareNeeds}`;
    const wanted = `${metric.label} ≤ ${atMost} ${metric.unit}${where}`;
    return [`goal ${wanted}: ${formatValue(metric, value)}, ${verdict}${formatRatios(metric.key, results, ours)}`];
  });
  return lines.join("\n");
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
