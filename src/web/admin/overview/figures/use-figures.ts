import { useEffect, useState } from "preact/hooks";
import type { FigureSample, ServerLiveEvent } from "../../../../client/server/live-events.ts";
import type { Loaded } from "../../data/loaded.ts";
import { useRead } from "../../data/use-read.ts";
import { useSilence } from "../../data/use-silence.ts";
import { useStream } from "../../data/use-stream.ts";
import { useSession } from "../../entry/session.ts";
import { type FigureRow, isAfterGap, rowsOf, withSample } from "./figure-table.ts";

export interface Figures {
  readonly rows: readonly FigureRow[];
  /** Whether the history could be read. */
  readonly state: Loaded<unknown>;
  readonly retry: () => void;
}

/** Without samples for so long, as if the server has as many streams as it may have, the history is read instead. */
const silentMs = 10_000;
const pollMs = 10_000;

/** The figures of the last hour, and those that follow every two seconds. */
export function useFigures(): Figures {
  const { client } = useSession();
  const [rows, setRows] = useState<readonly FigureRow[]>([]);
  const { heard, isSilent } = useSilence(silentMs);
  const { refresh, state } = useRead({
    key: "figures",
    ...(isSilent && { everyMs: pollMs }),
    read: (signal) => client.server.figures({ signal }),
  });
  useEffect(() => {
    if (state.kind === "loaded") setRows(rowsOf(state.value));
  }, [state]);
  useStream({
    key: state.kind === "loading" ? undefined : "figures",
    open: (signal) => samplesOf(client.server.follow({ signal })),
    receive: (sample: FigureSample) => {
      heard();
      if (isAfterGap(rows, sample)) refresh();
      setRows((before) => withSample(before, sample));
    },
  });
  return { rows, state, retry: refresh };
}

/** The samples after the first one, which repeats what the history has. */
async function* samplesOf(events: AsyncIterable<ServerLiveEvent>): AsyncGenerator<FigureSample> {
  let isFirst = true;
  for await (const event of events) {
    if (event.kind !== "figures") continue;
    if (!isFirst) yield event.figures;
    isFirst = false;
  }
}
