import { YurtError } from "../errors.ts";
import { follow } from "../follow.ts";
import type { ReadOptions, Requests } from "../requests.ts";
import type { FigureColumn, Room, RoomKind, ServerProblem } from "./facts.ts";

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

/** The number of messages from one member of a signaling room to another one, or to all others. */
export interface CountedMessages {
  readonly from: string;
  readonly to: string | null;
  readonly count: number;
}

/** An event of a room that is followed. `omitted` counts the messages between further pairs of members. */
export type RoomLiveEvent =
  | { readonly kind: "room"; readonly room: Room }
  | { readonly kind: "messages"; readonly messages: readonly CountedMessages[]; readonly omitted: number }
  | { readonly kind: "closed" };

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

export async function* followRoom(
  requests: Requests,
  { kind, name, signal }: ReadOptions & { readonly kind: RoomKind; readonly name: string },
): AsyncGenerator<RoomLiveEvent> {
  let isKnown = false;
  try {
    const path = `/rooms/${kind}/${encodeURIComponent(name)}/events`;
    for await (const { data, event } of follow(requests, { path, signal })) {
      if (event === "room") yield { kind: event, room: JSON.parse(data) };
      else if (event === "messages") yield { kind: event, ...JSON.parse(data) };
      else if (event === "closed") return yield { kind: event };
      isKnown = true;
    }
  } catch (error) {
    // The room has closed while the connection was lost.
    if (!isKnown || !(error instanceof YurtError) || error.code !== "no-such-room") throw error;
    yield { kind: "closed" };
  }
}
