import { EventStreams, type EventStreamsOptions } from "../../api/events/event-streams.ts";
import type { Part } from "../part.ts";

export interface EventStreamsPart extends Part {
  readonly streams: EventStreams;
}

/** The part of a server that keeps the event streams of its API, of whatever they tell. */
export function openEventStreams(options: EventStreamsOptions): EventStreamsPart {
  const streams = new EventStreams(options);
  return {
    streams,
    drain: async () => streams.close(),
    [Symbol.asyncDispose]: async () => streams.close(),
  };
}
