/**
 * Computes on paper what a cluster of 1 to 20 nodes asks of its database and of each node:
 * `bun scripts/cluster-model/main.ts`. Each assumption of measured.ts is a flag, such as `--connections 10000`.
 * `--sources` also prints each number with its source. The costs were measured by `bun scripts/cluster-model/measure.ts`.
 */
import { parseArgs } from "node:util";
import { type Assumptions, assumptions, measured, type Sourced } from "./measured.ts";
import { type Load, loadOf } from "./model.ts";

const counts = [1, 2, 3, 5, 10, 20];

interface Column {
  readonly title: string;
  readonly cell: (load: Load) => string;
}

const columns: readonly Column[] = [
  { title: "nodes", cell: ({ nodes }) => `${nodes}` },
  { title: "updates/s", cell: ({ updates }) => count(updates) },
  { title: "appends/s", cell: ({ appends }) => count(appends) },
  { title: "WAL (MB/s)", cell: ({ wal }) => megabytes(wal) },
  { title: "notifications/s", cell: ({ notifications }) => count(notifications) },
  { title: "sent by the database (MB/s)", cell: ({ egress }) => megabytes(egress) },
  { title: "cores of the database", cell: ({ engineCores }) => engineCores.toFixed(1) },
  { title: "sessions", cell: ({ sessions }) => count(sessions) },
  { title: "core of a node (%)", cell: ({ nodeCore }) => percent(nodeCore) },
  { title: "memory of a node (MB)", cell: ({ nodeMemory }) => count(nodeMemory / 1e6) },
  { title: "least headroom", cell: ({ first }) => `${first.what}: ${percent(first.used)} %` },
];

/** The table for these assumptions, in Markdown. */
export function formatModel(given: Assumptions): string {
  const rows = counts.map((nodes) => columns.map(({ cell }) => cell(loadOf(nodes, given))));
  const rule = columns.map((_, index) => (index === columns.length - 1 ? "---" : "--:"));
  return [columns.map(({ title }) => title), rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export const defaultAssumptions: Assumptions = valuesOf(assumptions);

function valuesOf<Key extends string>(numbers: Readonly<Record<Key, Sourced>>): Readonly<Record<Key, number>> {
  // Object.fromEntries forgets the keys.
  return Object.fromEntries(Object.entries<Sourced>(numbers).map(([key, { value }]) => [key, value])) as Readonly<
    Record<Key, number>
  >;
}

function formatSources(given: Assumptions): string {
  const line = ([key, { about, source, unit, value }]: [string, Sourced]) => {
    const used = key in given ? given[key as keyof Assumptions] : value;
    return `- ${about}: ${used} ${unit} (${source})`.replace("  (", " (");
  };
  return [...Object.entries<Sourced>(assumptions), ...Object.entries<Sourced>(measured)].map(line).join("\n");
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

function percent(part: number): string {
  return (100 * part).toFixed(0);
}

/** The assumptions with those that the flags give. Throws for a value that is not a number above 0. */
export function readAssumptions(flags: Readonly<Record<string, unknown>>): Assumptions {
  const given = { ...defaultAssumptions };
  for (const key of Object.keys(assumptions)) {
    const text = flags[key];
    if (text === undefined) continue;
    const value = Number(text);
    if (!(value > 0)) throw new Error(`--${key} ${text} is not a number above 0.`);
    Object.assign(given, { [key]: value });
  }
  return given;
}

function main(): void {
  const flags = Object.fromEntries(Object.keys(assumptions).map((key) => [key, { type: "string" as const }]));
  const { values } = parseArgs({ options: { ...flags, sources: { type: "boolean" } } });
  const given = readAssumptions(values);
  process.stdout.write(`${formatModel(given)}\n`);
  if (values.sources === true) process.stdout.write(`\n${formatSources(given)}\n`);
}

if (import.meta.main) main();
