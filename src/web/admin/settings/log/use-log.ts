import { useEffect, useMemo, useState } from "preact/hooks";
import type { ServerLiveEvent } from "../../../../client/server/live-events.ts";
import { FrameTask } from "../../../shared/frame-task.ts";
import { useSilence } from "../../data/use-silence.ts";
import { type StreamState, useStream } from "../../data/use-stream.ts";
import { useSession } from "../../entry/session.ts";
import { type LogEntry, LogLines } from "./log-lines.ts";

export interface FollowedLog {
  readonly entries: readonly LogEntry[];
  /** The number of entries that have come since the beginning. */
  readonly count: number;
  readonly stream: StreamState;
  /** The server has sent nothing for some time, not even figures. */
  readonly isSilent: boolean;
  readonly clear: () => void;
  /** Opens the stream again. */
  readonly retry: () => void;
}

/** The figures come every two seconds. */
const silentMs = 10_000;

/** Follows everything that the log writes, and renders at most once in a frame. */
export function useLog(): FollowedLog {
  const { client } = useSession();
  const lines = useMemo(() => new LogLines(), []);
  const [shown, setShown] = useState({ entries: lines.entries, count: 0 });
  const task = useMemo(() => new FrameTask(() => setShown({ entries: lines.entries, count: lines.count })), [lines]);
  useEffect(() => () => task.cancel(), [task]);
  const { heard, isSilent } = useSilence(silentMs);
  const [round, setRound] = useState(0);
  const stream = useStream<ServerLiveEvent>({
    key: `log ${round}`,
    open: (signal) => client.server.follow({ log: "trace", signal }),
    receive: (event) => {
      heard();
      if (event.kind === "log") lines.add(event.line);
      else if (event.kind === "log-omitted") lines.omit(event.omitted);
      else return;
      task.schedule();
    },
  });
  const clear = () => {
    lines.clear();
    task.schedule();
  };
  return { ...shown, stream, isSilent, clear, retry: () => setRound((before) => before + 1) };
}
