import type { Caller } from "../../../src/api/caller.ts";
import type { StreamReader } from "../../../src/api/events/answer-with-events.ts";
import { EventStreams } from "../../../src/api/events/event-streams.ts";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { settled } from "../eventually.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import type { ReadEvent } from "./event-reader.ts";

/** Event streams of a clock that the test advances, and readers of them. */
export function eventStreams(changed: Partial<typeof defaultLimits> = {}) {
  const [clock, metrics] = [new FakeClock(0), createMetrics()];
  const streams = new EventStreams({ clock, metrics, limits: { ...defaultLimits, ...changed } });
  return { clock, metrics, streams };
}

/** An administrator whose access a test can end, and who can leave. */
export function administrator() {
  const gone = new AbortController();
  const access = { isAllowed: true };
  const caller: Caller = {
    kind: "administrator",
    user: undefined,
    scope: "docs:admin",
    prefix: "",
    hasEnded: false,
    isAllowedStill: async () => access.isAllowed,
    release: () => {},
  };
  const request = new Request("http://localhost/", { signal: gone.signal });
  const reader: StreamReader = { caller, counted: undefined, request };
  return { access, reader, leave: () => gone.abort() };
}

/** The events of a stream that have come since the last call. */
export function eventsOf({ body }: Response): () => Promise<readonly Omit<ReadEvent, "id">[]> {
  const decoder = new TextDecoder();
  const texts: string[] = [];
  void (async () => {
    for await (const chunk of body ?? []) texts.push(decoder.decode(chunk));
  })();
  return async () => {
    await settled();
    await settled();
    const blocks = texts.splice(0).join("").split("\n\n");
    return blocks.flatMap((block) => {
      const [, event, data] = /^event: (\S+)\ndata: (.*)$/s.exec(block) ?? [];
      return event === undefined || data === undefined ? [] : [{ event, data: JSON.parse(data) }];
    });
  };
}
