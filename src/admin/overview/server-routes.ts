import { demandNoPrefix } from "../../api/caller.ts";
import { json, type Route, route } from "../../api/route.ts";
import { wireProtocols } from "../../ops/metrics/label-values.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { RecentLog } from "../../ops/recent-log.ts";
import { type FigureHistory, sampleIntervalMs } from "./figure-history.ts";
import { type ShownServer, serverFigures, serverState } from "./server-schemas.ts";

/** The state of the server, read for each request. */
export interface ServerState extends Pick<ShownServer, "version" | "startedAt"> {
  /** Sentences without full stops; none for a server that takes updates. */
  readonly whyNotReady: () => readonly string[];
  readonly backup: () => ShownServer["backup"];
  readonly cluster: () => ShownServer["cluster"];
  readonly certificate: () => ShownServer["certificate"];
  readonly turn: () => ShownServer["turn"];
  readonly storesDocuments: boolean;
  readonly residentBytes: () => number;
}

export interface ServerRoutesOptions {
  readonly state: ServerState;
  readonly history: FigureHistory;
  readonly recent: Pick<RecentLog, "problems">;
  readonly metrics: Pick<Metrics, "bounds" | "budgets" | "diskAvailableBytes" | "maxConnections" | "traffic">;
}

const common = { method: "get", tag: "Administration", needs: "docs:admin" } as const;

/** The routes for the state of the server, and its figures of the last hour. */
export function serverRoutes({ history, metrics, recent, state }: ServerRoutesOptions): readonly Route[] {
  return [
    route({
      ...common,
      path: "/v1/server",
      id: "getServer",
      summary: "Tell whether the server is well",
      answers: { 200: { description: "The state of the server", json: serverState } },
      handle: ({ caller }) => {
        demandNoPrefix(caller, "the server is more than the documents of a prefix");
        return json(shownServer({ history, metrics, recent, state }));
      },
    }),
    route({
      ...common,
      path: "/v1/server/figures",
      id: "readServerFigures",
      summary: "Read the figures of the last hour",
      description: "One sample every 10 seconds since the start of the server, and at most 360.",
      answers: { 200: { description: "Columns of equal length", json: serverFigures } },
      handle: ({ caller }) => {
        demandNoPrefix(caller, "the server is more than the documents of a prefix");
        return json({ intervalSeconds: sampleIntervalMs / 1_000, ...history.figures() });
      },
    }),
  ];
}

function shownServer({ history, metrics, recent, state }: ServerRoutesOptions): ShownServer {
  const { startedAt, version } = state;
  const notReady = state.whyNotReady();
  const availableBytes = metrics.diskAvailableBytes.read();
  return {
    version,
    startedAt,
    ready: notReady.length === 0,
    notReady: [...notReady],
    disk: state.storesDocuments && Number.isFinite(availableBytes) ? { availableBytes } : null,
    backup: state.backup(),
    cluster: state.cluster(),
    certificate: state.certificate(),
    turn: state.turn(),
    memory: { residentBytes: state.residentBytes(), budgets: [...metrics.budgets.list()] },
    connections: {
      open: Object.fromEntries(wireProtocols.map((name) => [name, metrics.traffic.of(name).connections])),
      limit: metrics.maxConnections.read(),
    },
    eventLoopLagMs: history.eventLoopLagMs,
    boundHits: metrics.bounds.hits().toSorted((left, right) => right.count - left.count),
    problems: recent.problems.map(({ remedy = null, ...problem }) => ({ ...problem, remedy })),
  };
}
