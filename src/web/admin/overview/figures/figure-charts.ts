import { formatBytes, formatCount, formatNumber } from "../../parts/formats.ts";
import { protocolName } from "../../parts/protocol-name.ts";
import type { FigureRow } from "./figure-table.ts";

export interface FigureSeries {
  readonly label: string;
  /** A design token. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

export interface FigureChart {
  readonly id: string;
  readonly title: string;
  /** An explanation for people who do not know the figure. */
  readonly hint: string;
  readonly format: (value: number) => string;
  readonly series: readonly FigureSeries[];
  /** The values are whole numbers. */
  readonly isWhole?: boolean;
}

const colours = ["--accent", "--code-name", "--good", "--code-keyword", "--busy", "--quiet"] as const;
const milliseconds = (value: number) => `${formatNumber(value)} ms`;

/** The charts of the overview. */
export function figureCharts(rows: readonly FigureRow[]): readonly FigureChart[] {
  const column = (read: (row: FigureRow) => number | null) => rows.map(read);
  const quantiles = (p50: (row: FigureRow) => number | null, p99: (row: FigureRow) => number | null) => [
    { label: "Half within", colour: "--accent", values: column(p50) },
    { label: "99 % within", colour: "--code-name", values: column(p99) },
  ];
  return [
    {
      id: "connections",
      title: "Connections",
      hint: "Open WebSockets by protocol",
      format: formatCount,
      series: connectionSeries(rows),
      isWhole: true,
    },
    {
      id: "updates",
      title: "Updates per second",
      hint: "Committed updates of documents",
      format: formatNumber,
      series: [{ label: "Updates", colour: "--accent", values: column((row) => row.updatesPerSecond) }],
    },
    {
      id: "acknowledgement",
      title: "Update to acknowledged",
      hint: "Until a client knows that its update is on disk",
      format: milliseconds,
      series: quantiles(
        (row) => row.acknowledgementP50Ms,
        (row) => row.acknowledgementP99Ms,
      ),
    },
    {
      id: "event-loop",
      title: "Event loop",
      hint: "How long the server was busy at a time",
      format: milliseconds,
      series: quantiles(
        (row) => row.eventLoopLagP50Ms,
        (row) => row.eventLoopLagP99Ms,
      ),
    },
    {
      id: "cpu",
      title: "Processor",
      hint: "100 % is one core",
      format: (value) => `${formatNumber(value)} %`,
      series: [{ label: "CPU", colour: "--accent", values: column((row) => row.cpuPercent) }],
    },
    {
      id: "memory",
      title: "Memory",
      hint: "Memory of the server that is in RAM",
      format: formatBytes,
      series: [{ label: "Resident", colour: "--accent", values: column((row) => row.residentBytes) }],
    },
    {
      id: "bounds",
      title: "Limits reached per minute",
      hint: "How often a client was slowed down or refused by a limit",
      format: formatNumber,
      series: [{ label: "Limits", colour: "--busy", values: column((row) => row.boundHitsPerMinute) }],
    },
  ];
}

/** A line for each protocol that was in use; one for all connections if none was. */
function connectionSeries(rows: readonly FigureRow[]): readonly FigureSeries[] {
  const known = Object.keys(rows.at(-1)?.connections ?? {});
  const used = known.filter((protocol) => rows.some(({ connections }) => (connections[protocol] ?? 0) > 0));
  if (used.length === 0) return [{ label: "All protocols", colour: colours[0], values: rows.map(() => 0) }];
  return used.map((protocol) => ({
    label: protocolName(protocol),
    // A protocol keeps its colour when another one comes or goes.
    colour: colours[known.indexOf(protocol) % colours.length] ?? colours[0],
    values: rows.map(({ connections }) => connections[protocol] ?? 0),
  }));
}
