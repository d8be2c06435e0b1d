import * as v from "valibot";

export const time = (description: string) => v.pipe(v.string(), v.isoTimestamp(), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.description(description));
const text = (description: string) => v.pipe(v.string(), v.description(description));

const problem = v.object({
  time: time("When it was logged"),
  level: v.pipe(v.string(), v.description("`warn`, `error` or `fatal`")),
  event: text("The name of the event, which is fixed"),
  remedy: v.pipe(v.nullable(v.string()), v.description("The remedy; null if the log has none")),
  fields: v.pipe(v.record(v.string(), v.unknown()), v.description("The other fields of the line")),
});

export const serverState = v.pipe(
  v.object({
    version: text("The release of the server"),
    startedAt: time("When the server was started"),
    ready: v.pipe(v.boolean(), v.description("Whether it takes updates, as `GET /readyz` says")),
    notReady: v.pipe(v.array(v.string()), v.description("Why it is not ready, for people")),
    disk: v.pipe(
      v.nullable(v.object({ availableBytes: count("Free space on the disk of the data folder") })),
      v.description("null for a server that stores no documents, or if the disk does not answer"),
    ),
    backup: v.pipe(
      v.nullable(
        v.object({
          lastSuccessAt: v.pipe(v.nullable(v.string()), v.description("When the newest backup began; null for none")),
          lastFailureAt: v.pipe(
            v.nullable(v.string()),
            v.description("When a backup has failed since the start; null for never"),
          ),
        }),
      ),
      v.description("null without a schedule of backups"),
    ),
    cluster: v.pipe(
      v.nullable(
        v.object({
          database: text("The host and the name of the database"),
          otherNodes: count("The other servers that use it, and are heard"),
          leads: v.pipe(v.boolean(), v.description("Whether this server does what one of them does for all")),
        }),
      ),
      v.description("The database that the server shares with others; null for a server on its own"),
    ),
    certificate: v.pipe(
      v.nullable(v.object({ names: v.array(v.string()), expiresAt: time("When it expires") })),
      v.description("The certificate in use; null if there is none"),
    ),
    turn: v.pipe(
      v.nullable(
        v.object({
          state: v.pipe(
            v.picklist(["listening", "not-listening", "off"]),
            v.description("`not-listening`: the usual port is not free; `off`: the server has no TURN of its own"),
          ),
          urls: v.pipe(v.array(v.string()), v.description("The URLs of its STUN and TURN; none if nothing listens")),
          allocations: count("The allocations that exist or are being made"),
          users: count("The users with allocations; clients without a user are one for each address"),
        }),
      ),
      v.description("STUN and TURN of this server; null for a server that gives clients no ICE servers"),
    ),
    memory: v.object({
      residentBytes: count("Memory of the process that is in RAM"),
      budgets: v.pipe(
        v.array(v.object({ name: v.string(), usedBytes: v.number(), limitBytes: v.number() })),
        v.description("Bounds on the memory that all clients share. `documents` is a cache, and usually full"),
      ),
    }),
    connections: v.object({
      open: v.pipe(v.record(v.string(), v.number()), v.description("Open WebSockets by wire protocol")),
      limit: count("How many may be open"),
    }),
    eventLoopLagMs: v.pipe(
      v.nullable(v.object({ p50: v.number(), p99: v.number() })),
      v.description("How long the event loop was busy in the last ten seconds; null if no client was connected"),
    ),
    boundHits: v.pipe(
      v.array(v.object({ bound: text("The option that sets the bound"), count: v.number() })),
      v.description("The bounds that clients have met since the start, most often first"),
    ),
    problems: v.pipe(
      v.array(problem),
      v.description("The last 100 warnings and errors of the log but for refusals, the latest first"),
    ),
  }),
  v.title("Server"),
);

export type ShownServer = v.InferOutput<typeof serverState>;

const column = (description: string) => v.pipe(v.array(v.nullable(v.number())), v.description(description));

export const serverFigures = v.pipe(
  v.object({
    intervalSeconds: count("The time between two samples"),
    times: v.pipe(v.array(v.string()), v.description("The ends of the intervals, the oldest first")),
    connections: v.pipe(
      v.record(v.string(), v.array(v.number())),
      v.description("Open WebSockets at these times, by wire protocol"),
    ),
    updatesPerSecond: column("Updates that were committed"),
    acknowledgementP50Ms: column("Half of the acknowledgements took less; null for none in the interval"),
    acknowledgementP99Ms: column("99 of 100 acknowledgements took less"),
    eventLoopLagP50Ms: column("The median time for which the event loop was busy; null if no client was connected"),
    eventLoopLagP99Ms: column("99 of 100 times the event loop was busy for less"),
    boundHits: column("How often clients met a bound in the interval"),
    cpuPercent: column("CPU time of the process; 100 is one core"),
    residentBytes: column("Memory of the process that is in RAM"),
  }),
  v.title("ServerFigures"),
);
