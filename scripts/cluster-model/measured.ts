/** A number with its source. */
export interface Sourced {
  readonly value: number;
  readonly unit: string;
  readonly about: string;
  readonly source: string;
}

const own =
  "medians of three runs of scripts/cluster-model/measure.ts: Postgres with fsync, two cores (AMD EPYC) shared with other work";
const prototype = "pgbench, Postgres with fsync, 16 clients, two cores; measured for the design of the cluster";
const benchmarks = "docs/benchmarks.md";
const assumed = "assumed";

/** The numbers that were measured. Times are CPU time. */
export const measured = {
  engineBatch: { value: 529, unit: "µs", about: "Postgres, for one append of any number of updates", source: own },
  engineRow: { value: 10.6, unit: "µs", about: "Postgres, for each update of 40 bytes in it", source: own },
  engineRead: { value: 40, unit: "µs", about: "Postgres, when one node reads one append of another", source: own },
  engineReadRow: { value: 0.65, unit: "µs", about: "Postgres, for each update in it", source: own },
  engineNotify: { value: 95, unit: "µs", about: "Postgres, for one notification of 8 kB", source: own },
  engineDelivery: { value: 22, unit: "µs", about: "Postgres, for each session that it reaches", source: own },
  walRow: { value: 349, unit: "bytes", about: "write-ahead log for each update", source: own },
  walBatch: { value: 22, unit: "bytes", about: "write-ahead log for each append", source: own },
  sessionMemory: { value: 8.3, unit: "MB", about: "memory of Postgres for one session of a node", source: own },
  nodeBatch: { value: 317, unit: "µs", about: "node, for one append", source: own },
  nodeRead: { value: 51, unit: "µs", about: "node, to read one append of another", source: own },
  nodeReadRow: { value: 1.2, unit: "µs", about: "node, for each update in it", source: own },
  nodeDelivery: { value: 8.1, unit: "µs", about: "node, for one notification", source: own },
  commits: {
    value: 14_200,
    unit: "per s",
    about: "appends with a notification that Postgres takes",
    source: prototype,
  },
  ack: {
    value: 4,
    unit: "ms",
    about: "one append, p50 with three nodes: a node sends one at a time",
    source: "three nodes, 10,000 updates/s, two cores; measured for the design of the cluster",
  },
  nodeUpdate: {
    value: 198,
    unit: "µs",
    about: "node, for one update of its clients and its forwarding to three others",
    source: `${benchmarks}, "Twenty rooms"`,
  },
  connectionMemory: {
    value: 5.8,
    unit: "kB",
    about: "node, for one connection",
    source: `${benchmarks}, "Earlier measurements"`,
  },
  documentMemory: {
    value: 15.1,
    unit: "kB",
    about: "node, for one open document of 20 kB",
    source: `${benchmarks}, "Many documents"`,
  },
} as const satisfies Readonly<Record<string, Sourced>>;

/** The numbers that stand for the application and the machines. They can be given as flags. */
export const assumptions = {
  connections: { value: 50_000, unit: "", about: "connections of a node", source: assumed },
  room: { value: 10, unit: "", about: "connections of a document, spread over the nodes at random", source: assumed },
  typing: { value: 1, unit: "%", about: "connections that type at a time", source: assumed },
  rate: { value: 5, unit: "per s", about: "updates of one that types, and changes of its cursor", source: assumed },
  bytes: { value: 40, unit: "bytes", about: "an update", source: assumed },
  presence: {
    value: 130,
    unit: "bytes",
    about: "a change of a cursor, with the name of the document",
    source: assumed,
  },
  cores: { value: 16, unit: "", about: "cores of the database's machine", source: assumed },
  network: { value: 1_250, unit: "MB/s", about: "network of the database's machine", source: assumed },
  memory: { value: 4_000, unit: "MB", about: "memory of a node", source: assumed },
} as const satisfies Readonly<Record<string, Sourced>>;

export type Assumptions = Readonly<Record<keyof typeof assumptions, number>>;
