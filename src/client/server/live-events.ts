import { follow } from "../follow.ts";
import type { ReadOptions, Requests } from "../requests.ts";
import type { FigureColumn, ServerProblem } from "./facts.ts";

/** The figures of one interval; null where nothing was measured. */
export interface FigureSample extends Readonly<Record<FigureColumn, number | null>> {
  /** The end of the interval. */
  readonly time: string;
  /** Open WebSockets by wire protocol. */
  readonly connections: Readonly<Record<string, number>>;
}

/** An event of a server that is followed. `omitted` is the number of lines of the log that were too many. */
export type ServerLiveEvent =
  | { readonly kind: "figures"; readonly figures: FigureSample }
  | { readonly kind: "log"; readonly line: ServerProblem }
  | { readonly kind: "log-omitted"; readonly omitted: number };

export interface FollowServerOptions extends ReadOptions {
  /** The lowest level of the lines of the log; without it none are sent. */
  readonly log?: "trace" | "debug" | "info" | "warn" | "error" | undefined;
}

export async function* followServer(
  requests: Requests,
  { log, signal }: FollowServerOptions,
): AsyncGenerator<ServerLiveEvent> {
  for await (const { data, event } of follow(requests, { path: "/server/events", query: { log }, signal })) {
    if (event === "figures") yield { kind: event, figures: JSON.parse(data) };
    else if (event === "log") yield { kind: event, line: JSON.parse(data) };
    else if (event === "log-omitted") yield { kind: event, omitted: JSON.parse(data).omitted };
  }
}
