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
const threeNodes = "three nodes, 10,000 updates/s, an append every 4 ms, two cores for everything";
const benchmarks = "docs/benchmarks.md";
const assumed = "assumed";

/** The numbers that were measured. Times are CPU time. */
export const measured = {
  engineBatch: {
    value: 252,
    unit: "µs",
    about: "Postgres, for one append to documents that the node knows",
    source: own,
  },
  engineRow: { value: 9.7, unit: "µs", about: "Postgres, for each update of 40 bytes in it", source: own },
  engineNotify: { value: 50, unit: "µs", about: "Postgres, for one notification of 2 kB", source: own },
  engineListener: { value: 23, unit: "µs", about: "Postgres, for each session that listens", source: own },
  engineLook: { value: 42, unit: "µs", about: "Postgres, when a node looks what others have appended", source: own },
  busy: {
    value: 1.5,
    unit: "times",
    about: "Postgres, the costs above when the machine is busy",
    source: `${threeNodes}: 600 µs for an append of 13 updates with its notification, 40 µs for each session that listens, which are 428 and 23 µs above`,
  },
  walRow: { value: 346, unit: "bytes", about: "write-ahead log for each update", source: own },
  walBatch: { value: 11, unit: "bytes", about: "write-ahead log for each append", source: own },
  walNotify: { value: 40, unit: "bytes", about: "write-ahead log for each notification", source: own },
  sessionMemory: { value: 3.0, unit: "MB", about: "memory of Postgres for one session of a node", source: own },
  nodeBatch: { value: 161, unit: "µs", about: "node, for one append", source: own },
  nodeRow: { value: 2.3, unit: "µs", about: "node, for each update in it", source: own },
  nodeNotify: { value: 48, unit: "µs", about: "node, for one notification that it sends", source: own },
  nodeDelivery: { value: 8.2, unit: "µs", about: "node, for one notification that it hears", source: own },
  nodeAnnounced: { value: 3.3, unit: "µs", about: "node, to encode and decode an announced append", source: own },
  nodeAnnouncedRow: { value: 0.77, unit: "µs", about: "node, for each update in it", source: own },
  commits: {
    value: 14_200,
    unit: "per s",
    about: "commits with a notification that Postgres takes: they wait for each other",
    source: prototype,
  },
  interval: {
    value: 5,
    unit: "ms",
    about: "from one append of a node to the next while updates come",
    source: "appendIntervalMs of the store",
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
  names: {
    value: 25,
    unit: "bytes",
    about: "the name of its document and its user, where it is announced",
    source: assumed,
  },
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
